/** Content negotiation between JSON and an event stream: a stream only for who asks for one by name. */
export function prefersEventStream(accept: string | undefined): boolean {
  if (!accept) return false;
  const qualities = new Map(
    accept.split(',').map((part) => {
      const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
      const quality = parameters.find((parameter) => parameter.startsWith('q='));
      return [type, quality === undefined ? 1 : Number(quality.slice(2)) || 0];
    }),
  );
  const stream = qualities.get('text/event-stream') ?? 0;
  return stream > 0 && stream >= (qualities.get('application/json') ?? 0);
}

const headerOf = (prefer: string | string[] | undefined): string =>
  Array.isArray(prefer) ? prefer.join(',') : (prefer ?? '');

/** `Prefer: respond-async` (RFC 7240). */
export const prefersAsynchrony = (prefer: string | string[] | undefined): boolean =>
  headerOf(prefer)
    .split(/[,;]/)
    .some((preference) => preference.trim().toLowerCase() === 'respond-async');

/** Seconds of `Prefer: wait=N` (RFC 7240); undefined without one or for a value that is no number of seconds. */
export function preferredWaitSeconds(prefer: string | string[] | undefined): number | undefined {
  const match = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})"?\s*(?:$|[,;])/i.exec(headerOf(prefer));
  return match?.[1] === undefined ? undefined : Number(match[1]);
}
