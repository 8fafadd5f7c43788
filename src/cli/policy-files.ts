/** Policy files of the command line; a file that cannot be read is a fault of the command line. */
import { PolicyFileError } from '../platform/policy-file.ts';
import { CliError, EXIT } from './exit-codes.ts';

export async function reading<T>(read: Promise<T>): Promise<T> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof PolicyFileError) throw new CliError(EXIT.usage, error.message);
    throw error;
  }
}
