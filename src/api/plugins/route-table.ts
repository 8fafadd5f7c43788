/** Which methods each path has: for 405 and OPTIONS. Also sees to it that no route is open by accident. */
import type { ApiServer } from '../server-type.ts';

export interface RouteTable {
  /** Methods served under the path of this URL; none for an unknown path. */
  methodsOf(url: string): readonly string[];
}

/** Must be called before any route is registered. */
export function collectRoutes(app: ApiServer): RouteTable {
  const methods = new Map<string, Set<string>>();
  app.addHook('onRoute', (route) => {
    const { config = {} } = route;
    // Where browsers ask for permission; it answers nothing by itself.
    if (route.url === '*') return void (route.config = { ...config, public: true });
    if (route.url.startsWith('/docs')) config.public = true;
    if (config.public !== true && config.action === undefined) {
      throw new Error(`Route ${String(route.method)} ${route.url} names no action and is not public`);
    }
    route.config = config;
    const known = methods.get(route.url) ?? new Set();
    for (const method of [route.method].flat()) known.add(method);
    methods.set(route.url, known);
  });
  return {
    methodsOf: (url) => {
      const path = url.split('?', 1)[0] ?? url;
      const matching = [...methods].filter(([pattern]) => toExpression(pattern).test(path));
      return [...new Set(matching.flatMap(([, of]) => [...of]))].toSorted();
    },
  };
}

function toExpression(pattern: string): RegExp {
  const source = pattern
    .split('/')
    .map((segment) => {
      if (segment.startsWith(':')) return '[^/]+';
      return segment === '*' ? '.*' : segment.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('/');
  return new RegExp(`^${source}/?$`);
}
