/* main.ts - all pages, in the order of the menu */
import { channelsPage } from "./pages/channels";
import { contactsPage } from "./pages/contacts";
import { deadPage } from "./pages/dead";
import { dropsPage } from "./pages/drops";
import { livePage } from "./pages/live";
import { reportsPage } from "./pages/reports";
import { threadsPage } from "./pages/threads";
import { run } from "./shell";

void run([livePage, threadsPage, dropsPage, deadPage, channelsPage, contactsPage, reportsPage]);
