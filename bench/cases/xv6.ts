export async function xv6(): Promise<void> {}
