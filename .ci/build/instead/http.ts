// What undici reads of node:http: the class of server-side bodies, which nobody sends here, and Node's default limit.

export class IncomingMessage {}
export const maxHeaderSize = 16_384;
