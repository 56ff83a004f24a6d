/** Views, and copies in other shapes. */
export * as asStrided from "./asStrided";
export * as axes from "./axes";
export * as diagonal from "./diagonal";
export * as inplaceViews from "./inplaceViews";
export * as join from "./join";
export * as pad from "./pad";
export * as rearrange from "./rearrange";
export * as split from "./split";
export * as view from "./view";
export * as viewCopies from "./viewCopies";
export * as viewScatter from "./viewScatter";
