import { Type } from 'typebox'
import { jwtIssuersOf, jwtIssuersProblem } from './jwt-reading.ts'

const issuers = Type.Codec(
  Type.Refine(
    Type.String({
      kind: 'json',
      expects: 'a list of issuers',
      description:
        'Identity providers whose tokens (JWTs) are credentials of the gateway: JSON, or in the file a list of maps. Every field is in docs/jwt.md.',
      default: '[]',
      examples: [
        '[{"name":"acme","issuer":"https://id.example.com","audience":"minimax-gateway","user_namespace":"shared"}]',
      ],
    }),
    (text) => jwtIssuersProblem(text) === undefined,
    (text) => jwtIssuersProblem(text) ?? '',
  ),
)
  .Decode(jwtIssuersOf)
  // Settings are read, never written: what was decoded has no one text.
  .Encode(() => '[]')

/** The setting about identity providers; it stands among the others in schema.ts. */
export const jwtSettings = { jwt_issuers: issuers }
