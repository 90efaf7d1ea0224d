import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** Which layer may import which: the rule of the tree. */
const layers = {
  'layer:core': ['layer:core'],
  'layer:contract': ['layer:contract', 'layer:core'],
  'layer:contracts': ['layer:core'],
  'layer:platform': ['layer:platform', 'layer:contract', 'layer:core'],
};

export default tseslint.config(
  { ignores: ['**/dist', '**/generated', '**/node_modules', '**/*.cjs', '.nx'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommended],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-explicit-any': 'error',
      eqeqeq: 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: 'Only config.ts reads the environment.',
        },
      ],
      '@nx/enforce-module-boundaries': [
        'error',
        {
          allow: [],
          depConstraints: Object.entries(layers).map(([sourceTag, onlyDependOnLibsWithTags]) => ({
            sourceTag,
            onlyDependOnLibsWithTags,
          })),
        },
      ],
    },
  },
  {
    files: [
      '**/config.ts',
      '**/*.test.ts',
      '**/test/**/*.ts',
      'libs/testing/**/*.ts',
      'apps/e2e/**/*.ts',
      'apps/cli/**/*.ts',
    ],
    rules: { 'no-restricted-syntax': 'off' },
  },
);
