/**
 * Types under which what a tool has kept is handed out. What others call it counts for nothing beyond this list: a page, a
 * picture that is a program (SVG) and whatever is unknown are bytes.
 */
export const MEDIA_TYPES = [
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/avif',
  'audio/mpeg',
  'audio/mp4',
  'audio/ogg',
  'audio/wav',
  'audio/webm',
  'video/mp4',
  'video/webm',
  'application/pdf',
  'text/plain',
  'application/octet-stream',
] as const;
export type MediaType = (typeof MEDIA_TYPES)[number];

/** The type that is meant, without its parameters. */
export function knownMediaType(text: string | null | undefined): MediaType {
  const essence = text?.split(';', 1)[0]?.trim().toLowerCase();
  return MEDIA_TYPES.find((type) => type === essence) ?? 'application/octet-stream';
}
