import js from '@eslint/js';
import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

const fetchOutsideTheApiLayer =
  'Only the API layer (Billing/api) talks to the network: add or use a function in api/rest.';

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'test-results', 'src/app/ManageOrganization/Billing/api/schema.ts'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  reactHooks.configs.flat['recommended-latest'],
  jsxA11y.flatConfigs.strict,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      'no-console': 'error',
    },
  },
  {
    files: ['src/**'],
    ignores: ['src/app/ManageOrganization/Billing/api/request.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        { name: 'fetch', message: fetchOutsideTheApiLayer },
        { name: 'XMLHttpRequest', message: fetchOutsideTheApiLayer },
        { name: 'EventSource', message: fetchOutsideTheApiLayer },
        { name: 'WebSocket', message: 'The live connection has its own module.' },
        { name: 'localStorage', message: 'Tokens live in memory; the theme has its own module.' },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'window', property: 'fetch', message: fetchOutsideTheApiLayer },
        { object: 'globalThis', property: 'fetch', message: fetchOutsideTheApiLayer },
      ],
    },
  },
  {
    files: ['src/app/ManageOrganization/Billing/live/connection.ts'],
    rules: { 'no-restricted-globals': 'off' },
  },
  // Plain Node scripts are read without types.
  {
    files: ['**/*.js', '**/*.mjs'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: {
      globals: { console: 'readonly', process: 'readonly', URL: 'readonly', Buffer: 'readonly' },
      parserOptions: { projectService: false },
    },
    rules: { ...tseslint.configs.disableTypeChecked.rules, 'no-console': 'off' },
  },
);
