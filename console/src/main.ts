/* main.ts - all pages, in the order of the menu */
import { auditPage } from "./pages/audit";
import { channelsPage } from "./pages/channels";
import { configPage } from "./pages/config";
import { contactsPage } from "./pages/contacts";
import { deadPage } from "./pages/dead";
import { dropsPage } from "./pages/drops";
import { livePage } from "./pages/live";
import { reportsPage } from "./pages/reports";
import { rulesPage } from "./pages/rules";
import { startPage } from "./pages/start";
import { threadsPage } from "./pages/threads";
import { tokensPage } from "./pages/tokens";
import { run } from "./shell";

void run([livePage, threadsPage, startPage, dropsPage, deadPage, channelsPage, contactsPage, reportsPage, rulesPage, configPage, tokensPage, auditPage]);
