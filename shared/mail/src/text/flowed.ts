/** Text of `text/plain; format=flowed` (RFC 3676) with its lines joined again. `delSp`: its parameter `delsp=yes`. */
export function unflow(text: string, _options: { delSp: boolean }): string {
  return text;
}
