// One jest run over every project; `nx test <project>` selects one of them.
import { join } from 'node:path';
import { listProjects, workspaceRoot } from './.tools/projects.mjs';

/** Packages published as ES modules only; jest runs CommonJS, so swc rewrites them. */
const esmOnly = ['@noble', '@scure', '@bufbuild/protobuf'];

const project = ({ name, root }) => ({
  displayName: name,
  rootDir: join(workspaceRoot, root),
  roots: ['<rootDir>'],
  testMatch: ['**/*.test.ts'],
  testEnvironment: 'node',
  moduleNameMapper: { '^@sheaf/([^/]+)$': join(workspaceRoot, 'libs/$1/src/index.ts') },
  transform: {
    '\\.[cm]?[jt]s$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')})/)`],
});

export default {
  rootDir: workspaceRoot,
  projects: listProjects().map(project),
  maxWorkers: 2,
  testTimeout: 60_000,
  globalSetup: join(workspaceRoot, 'libs/testing/src/jest/global-setup.ts'),
  globalTeardown: join(workspaceRoot, 'libs/testing/src/jest/global-teardown.ts'),
};
