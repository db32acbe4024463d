// What signs a request to AWS. Secrets: they never leave src/clients.

/** Credentials of the instance role as the probe has just read them, or of whoever else is asked about. */
export interface SigningCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}
