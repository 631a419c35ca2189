import js from '@eslint/js'
import tseslint from 'typescript-eslint'

export default tseslint.config(
  { ignores: ['node_modules/', 'data/', 'coverage/', 'ui/dist/', 'eslint.config.js'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-assertions': [
        'error',
        { assertionStyle: 'as', objectLiteralTypeAssertions: 'never' },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // Fastify hooks and handlers may be async without awaiting: the promise is the contract.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    // Programs that people run in a terminal speak through stdout.
    files: [
      'emulator/**',
      'bench/**',
      'scripts/**',
      'examples/**',
      'src/cli.ts',
      'src/cli/**',
      'src/server.ts',
    ],
    rules: { 'no-console': 'off' },
  },
  {
    // Written for people who have no compiler: plain JavaScript, for Node and for browsers.
    files: ['examples/**/*.js'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'AudioContext',
          'Blob',
          'FormData',
          'MediaSource',
          'Response',
          'TextDecoder',
          'TextDecoderStream',
          'URL',
          'WebSocket',
          'atob',
          'clearTimeout',
          'console',
          'document',
          'fetch',
          'location',
          'process',
          'setTimeout',
          'window',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
)
