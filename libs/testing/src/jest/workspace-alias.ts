// Jest applies its moduleNameMapper inside test files, but not to global setup and teardown: there, `@sheaf/x` is resolved here.
// Imported for its effect, before anything that imports from another library.
import Module from 'node:module';
import { dirname, join } from 'node:path';

const libs = dirname(dirname(dirname(__dirname)));

interface Resolver {
  _resolveFilename(request: string, ...rest: unknown[]): string;
}

const resolver = Module as unknown as Resolver;
const resolveFilename = resolver._resolveFilename.bind(resolver);
resolver._resolveFilename = (request, ...rest) => {
  const name = /^@sheaf\/([^/]+)$/.exec(request)?.[1];
  return name === undefined ? resolveFilename(request, ...rest) : join(libs, name, 'src/index.ts');
};
