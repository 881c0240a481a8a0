// A thin operation layer, written for these tests, in place of the generated @aws-sdk/client-connecthealth.
//
// The schemas and the wiring below are ours; everything that touches a byte is AWS's own runtime: restJson1, SigV4 and
// the signatures of events (@aws-sdk/core, @aws-sdk/eventstream-handler-node), the event-stream codec, retries and host
// prefixes (@smithy/core), HTTP/2 (NodeHttp2Handler of @smithy/node-http-handler). The plugins and settings are those
// that generated clients use.

import { createRequire } from "node:module";

import {
  createDefaultUserAgentProvider,
  getHostHeaderPlugin,
  getLoggerPlugin,
  getRecursionDetectionPlugin,
  getUserAgentPlugin,
  resolveHostHeaderConfig,
  resolveUserAgentConfig,
} from "@aws-sdk/core/client";
import { AwsSdkSigV4Signer, resolveAwsSdkSigV4Config } from "@aws-sdk/core/httpAuthSchemes";
import { AwsRestJsonProtocol } from "@aws-sdk/core/protocols";
import { eventStreamPayloadHandlerProvider } from "@aws-sdk/eventstream-handler-node";
import { getEventStreamPlugin, resolveEventStreamConfig } from "@aws-sdk/middleware-eventstream";
import {
  DefaultIdentityProviderConfig,
  getHttpAuthSchemeEndpointRuleSetPlugin,
  getHttpSigningPlugin,
} from "@smithy/core";
import { Client, Command, NoOpLogger } from "@smithy/core/client";
import { resolveRegionConfig } from "@smithy/core/config";
import { getEndpointPlugin, resolveEndpointConfig } from "@smithy/core/endpoints";
import { eventStreamSerdeProvider, resolveEventStreamSerdeConfig } from "@smithy/core/event-streams";
import { getContentLengthPlugin, parseUrl } from "@smithy/core/protocols";
import { getRetryPlugin, resolveRetryConfig } from "@smithy/core/retry";
import { getSchemaSerdePlugin } from "@smithy/core/schema";
import { calculateBodyLength, fromBase64, fromUtf8, Hash, toBase64, toUtf8 } from "@smithy/core/serde";
import { NodeHttp2Handler, streamCollector } from "@smithy/node-http-handler";

import { errorTypeRegistries, NAMESPACE, StartMedicalScribeListeningSession } from "./schemas.mjs";

const SIGV4 = "aws.auth#sigv4";

export const SDK = {
  name: "@aws-sdk/core",
  version: createRequire(import.meta.url)("@aws-sdk/core/package.json").version,
  generated: false,
};

const DEFAULTS = {
  apiVersion: "2025-01-29",
  serviceId: "ConnectHealth",
  runtime: "node",
  defaultSigningName: "health-agent",
  disableHostPrefix: false,
  extensions: [],
  logger: new NoOpLogger(),
  protocol: AwsRestJsonProtocol,
  protocolSettings: {
    defaultNamespace: NAMESPACE,
    errorTypeRegistries,
    version: "2025-01-29",
    serviceTarget: "ConnectHealth",
  },
  endpointProvider: ({ Endpoint }) => ({ url: new URL(Endpoint) }), // the rules of real regions are of no use here
  httpAuthSchemeProvider: ({ region }) => [
    {
      schemeId: SIGV4,
      signingProperties: { name: "health-agent", region },
      propertiesExtractor: (config, context) => ({ signingProperties: { config, context } }),
    },
  ],
  httpAuthSchemes: [
    {
      schemeId: SIGV4,
      identityProvider: (identities) => identities.getIdentityProvider(SIGV4),
      signer: new AwsSdkSigV4Signer(),
    },
  ],
  urlParser: parseUrl,
  base64Decoder: fromBase64,
  base64Encoder: toBase64,
  utf8Decoder: fromUtf8,
  utf8Encoder: toUtf8,
  bodyLengthChecker: calculateBodyLength,
  streamCollector,
  sha256: Hash.bind(null, "sha256"),
  defaultUserAgentProvider: createDefaultUserAgentProvider({ serviceId: "ConnectHealth", clientVersion: SDK.version }),
  eventStreamPayloadHandlerProvider,
  eventStreamSerdeProvider,
};

export class ConnectHealthClient extends Client {
  constructor(configuration) {
    const requestHandler = new NodeHttp2Handler({ disableConcurrentStreams: true });
    const resolved = [
      resolveUserAgentConfig,
      resolveRetryConfig,
      resolveRegionConfig,
      resolveHostHeaderConfig,
      resolveEndpointConfig,
      resolveEventStreamSerdeConfig,
      resolveAwsSdkSigV4Config,
      resolveEventStreamConfig,
    ].reduce((config, resolve) => resolve(config), { ...DEFAULTS, requestHandler, ...configuration });
    super(resolved);
    this.config = resolved;
    for (const plugin of [
      getSchemaSerdePlugin(resolved),
      getUserAgentPlugin(resolved),
      getRetryPlugin(resolved),
      getContentLengthPlugin(resolved),
      getHostHeaderPlugin(resolved),
      getLoggerPlugin(resolved),
      getRecursionDetectionPlugin(resolved),
      getHttpAuthSchemeEndpointRuleSetPlugin(resolved, {
        httpAuthSchemeParametersProvider: async (config) => ({ region: await config.region() }),
        identityProviderConfigProvider: async (config) =>
          new DefaultIdentityProviderConfig({ [SIGV4]: config.credentials }),
      }),
      getHttpSigningPlugin(resolved),
    ]) {
      this.middlewareStack.use(plugin);
    }
  }
}

export class StartMedicalScribeListeningSessionCommand extends Command.classBuilder()
  .ep({ Endpoint: { type: "builtInParams", name: "endpoint" } })
  .m((command, _stack, config) => [
    getEndpointPlugin(config, command.getEndpointParameterInstructions()),
    getEventStreamPlugin(config),
  ])
  .s("ConnectHealth", "StartMedicalScribeListeningSession", { eventStream: { input: true, output: true } })
  .n("ConnectHealthClient", "StartMedicalScribeListeningSessionCommand")
  .sc(StartMedicalScribeListeningSession)
  .build() {}
