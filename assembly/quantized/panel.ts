/** Columns of a panel of packed weights. */
export const PANEL: i32 = 8;
