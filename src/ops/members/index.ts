/** What a tensor has beside its values: attributes, facts, its gradient and its memory. */
export * as facts from "./facts";
export * as gradients from "./gradients";
export * as reading from "./reading";
export * as renewal from "./renewal";
