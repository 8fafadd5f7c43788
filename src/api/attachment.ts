/**
 * Headers of a file that a model or a tool has made: a download that no browser interprets, and whoever opens it in one
 * all the same gets a page that may do nothing.
 */
export const attachmentHeaders = (name: string, sha256: string): Record<string, string> => ({
  'content-disposition': attachment(name),
  'content-security-policy': "sandbox; default-src 'none'",
  'x-content-type-options': 'nosniff',
  'cache-control': 'private, no-cache',
  etag: `"${sha256}"`,
});

/** A file name: plain for old clients, in UTF-8 for all others (RFC 6266). */
function attachment(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9._-]/g, '_');
  return `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name).replaceAll("'", '%27')}`;
}
