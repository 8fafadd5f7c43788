import type { Readable } from 'node:stream';

/** The end of what a program prints: why it failed is said there. All of it is read, so that it never waits for us. */
export class OutputTail {
  readonly #maxBytes: number;
  readonly #parts: Buffer[] = [];
  #kept = 0;
  #bytes = 0;

  constructor(stream: Readable, maxBytes: number) {
    this.#maxBytes = maxBytes;
    stream.on('data', (part: Buffer) => this.#add(part));
    stream.on('error', () => {});
  }

  #add(part: Buffer): void {
    this.#bytes += part.byteLength;
    this.#parts.push(part);
    this.#kept += part.byteLength;
    for (let [first] = this.#parts; first && this.#kept - first.byteLength >= this.#maxBytes; [first] = this.#parts) {
      this.#kept -= first.byteLength;
      this.#parts.shift();
    }
  }

  /** As text; what is not UTF-8 shows as replacement characters. */
  get result(): { text: string; bytes: number; truncated: boolean } {
    const all = Buffer.concat(this.#parts);
    const tail = all.subarray(Math.max(0, all.byteLength - this.#maxBytes));
    return { text: tail.toString('utf8'), bytes: this.#bytes, truncated: this.#bytes > tail.byteLength };
  }
}
