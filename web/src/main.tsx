import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./ui/App";
import { refreshConfig } from "./ui/server";
import "./ui/styles/base.css";
import "./ui/styles/pages.css";
import "./ui/styles/account.css";
import "./ui/styles/call.css";
import "./ui/styles/meeting.css";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
void refreshConfig();
