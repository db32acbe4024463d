// `explain`: the runbook, offline. A finding's page, or the catalogue.
import { CHECKS } from '../checks/index.ts';
import { nearest } from '../config/error.ts';
import { shownText } from '../core/text.ts';
import { renderCatalogue, renderCatalogueJson, renderRunbook, renderRunbookJson } from '../report/explain.ts';
import type { Flags } from './settle.ts';
import { styleOf } from './style.ts';
import { EXIT_USAGE, type World } from './world.ts';

export function explain(world: World, flags: Flags): number {
  const json = flags['json'] === true;
  const asked = [flags['finding']]
    .flat()
    .filter((part) => part !== undefined)
    .map(String)
    .join(' ')
    .trim();
  if (asked === '') {
    world.out(json ? renderCatalogueJson(CHECKS) : renderCatalogue(CHECKS, styleOf(world)));
    return 0;
  }
  const check = CHECKS.find(({ id }) => id === asked);
  if (check !== undefined) {
    world.out(json ? renderRunbookJson(check) : renderRunbook(check, styleOf(world)));
    return 0;
  }
  const meant = nearest(
    asked,
    CHECKS.map(({ id }) => id),
  );
  const hint = meant === null ? '' : `; did you mean ${meant}?`;
  world.err(
    `imds-probe: explain: there is no finding "${shownText(asked, 60)}"${hint} (imds-probe explain lists them)\n`,
  );
  return EXIT_USAGE;
}
