// Undici's diagnostics channels, to which nobody listens.

const silent = { hasSubscribers: false, publish: (): void => undefined };

export const channels: Readonly<Record<string, typeof silent>> = new Proxy({}, { get: () => silent });
