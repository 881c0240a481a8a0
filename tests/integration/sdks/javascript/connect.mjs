// What points the AWS SDK for JavaScript at mockscribe. The marked lines are also what `mockscribe env javascript` prints.

import { ConnectHealthClient } from "./connecthealth.mjs"; // stands in for @aws-sdk/client-connecthealth

// mockscribe env: begin
// import { ConnectHealthClient } from "@aws-sdk/client-connecthealth";
// Node reads the CA once, at its start: NODE_EXTRA_CA_CERTS="$(mockscribe ca)" node app.mjs
export function connect(endpoint = "https://localhost:8080", accessKeyId = "test") {
  return new ConnectHealthClient({
    endpoint, // streams are HTTP/2 with http:// too: by prior knowledge, and with no CA to trust
    region: "us-east-1",
    disableHostPrefix: true, // else it looks up streaming.localhost
    credentials: { accessKeyId, secretAccessKey: "test" },
  });
}
// mockscribe env: end
