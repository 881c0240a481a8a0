import { ConnectHealthClient } from "./connecthealth.mjs"; // stands in for the generated one

// mockscribe env: begin
// npm install @aws-sdk/client-connecthealth
// import { ConnectHealthClient } from "@aws-sdk/client-connecthealth";
// Node reads the CA once, at its start: NODE_EXTRA_CA_CERTS="$(mockscribe ca)" node app.mjs

/** Points the AWS SDK for JavaScript at mockscribe. */
export function connect(endpoint = "https://localhost:8080", accessKeyId = "test") {
  return new ConnectHealthClient({
    endpoint, // http:// is HTTP/2 too: by prior knowledge, and with no CA to trust
    region: "us-east-1",
    disableHostPrefix: true, // no streaming.localhost
    credentials: { accessKeyId, secretAccessKey: "test" },
  });
}
// mockscribe env: end
