/** The software driver that Debian's package `chromium` brings along. */
export const swiftshader = "/usr/lib/chromium/vk_swiftshader_icd.json";
