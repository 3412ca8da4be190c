// Bytes as text, for comparing. Knows nothing of what they are.

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
