import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./ui/App";
import { refreshConfig } from "./ui/server";
import { applyTheme } from "./ui/theme";
import "./ui/styles/theme.css";
import "./ui/styles/base.css";
import "./ui/styles/controls.css";
import "./ui/styles/pages.css";
import "./ui/styles/account.css";
import "./ui/styles/call.css";
import "./ui/styles/stage.css";
import "./ui/styles/toolbar.css";
import "./ui/styles/meeting.css";
import "./ui/styles/panels.css";
import "./ui/styles/details.css";
import "./ui/styles/dialog.css";

applyTheme();
const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
void refreshConfig();
