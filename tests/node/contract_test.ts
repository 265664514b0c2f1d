import { APPLICATIONS } from "./_applications.ts";
import { contracts } from "./_contracts.ts";

contracts(APPLICATIONS);
