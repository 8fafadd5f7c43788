/** Where signed checkpoints are kept: out of reach of whoever can change the database. */
export interface CheckpointSink {
  /** For logs: holds no secret. */
  readonly name: string;
  /** Keeps one compact JWS. Throws where it could not be kept. */
  write(checkpoint: string): Promise<void>;
}
