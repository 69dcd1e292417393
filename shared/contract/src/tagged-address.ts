/** Where the tag of an address stands, such as `t7` in `support+t7@example.com`: its plus sign and the @ behind it; undefined where it has none. */
export function placeOfTag(address: string): { plus: number; at: number } | undefined {
  const at = address.lastIndexOf("@");
  const plus = address.indexOf("+", address.lastIndexOf("@", at - 1) + 1);
  return plus !== -1 && plus < at ? { plus, at } : undefined;
}
