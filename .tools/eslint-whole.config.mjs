// The rules of eslint.config.mjs over the whole tree at once. With one program of TypeScript for all projects,
// instead of one for each, the lint of everything takes a third of the time.
import { workspaceRoot } from './projects.mjs';
import rules from '../eslint.config.mjs';

export default [
  ...rules,
  {
    files: ['**/*.ts'],
    languageOptions: {
      parserOptions: { projectService: false, project: '.tools/tsconfig.json', tsconfigRootDir: workspaceRoot },
    },
  },
];
