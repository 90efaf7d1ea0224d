// The rules of eslint.config.mjs over the whole tree at once, with one program of TypeScript for all projects instead of one for
// each: 40 s instead of 171 in the gate.
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
