import { type ComponentType, lazy } from 'react';

import OverviewPage from './sections/overview/OverviewPage';

/** In the order of the sidebar. Without `hasPeriod`, the period changes nothing in the section, and the bar does not offer it. `path` is below the path of the page, and those of its views (`hasViews`) are below it. Later sections are lines here. */
export const SECTIONS = [
  { name: 'overview', path: '', hasBar: true, hasPeriod: true, hasViews: false },
  { name: 'explore', path: 'explore', hasBar: true, hasPeriod: true, hasViews: false },
  { name: 'projects', path: 'projects', hasBar: true, hasPeriod: true, hasViews: false },
  { name: 'budgets', path: 'budgets', hasBar: true, hasPeriod: false, hasViews: true },
  { name: 'plan', path: 'plan', hasBar: true, hasPeriod: false, hasViews: false },
  { name: 'statements', path: 'statements', hasBar: false, hasPeriod: false, hasViews: true },
] as const;
export type Section = (typeof SECTIONS)[number];
export type SectionName = Section['name'];

const FILES = {
  explore: () => import('./sections/explore/ExplorePage'),
  projects: () => import('./sections/projects/ProjectsPage'),
  budgets: () => import('./sections/budgets/BudgetsPage'),
  plan: () => import('./sections/plan/PlanPage'),
  statements: () => import('./sections/statements/StatementsPage'),
};
const projectFile = () => import('./sections/projects/ProjectPage');

/** The overview is a part of the page, because most visits begin there. Each other section is a file, loaded when it is opened. */
export const SECTION_PAGES: Record<SectionName, ComponentType> = {
  overview: OverviewPage,
  explore: lazy(FILES.explore),
  projects: lazy(FILES.projects),
  budgets: lazy(FILES.budgets),
  plan: lazy(FILES.plan),
  statements: lazy(FILES.statements),
};
export const ProjectPage: ComponentType = lazy(projectFile);

/** Starts to load the section of an address before it is rendered, while the login runs. */
export function preloadSection(path: string): void {
  const section = sectionAt(path);
  if (section !== undefined && section.name !== 'overview') {
    void (section.name === 'projects' && path.includes('/') ? projectFile() : FILES[section.name]());
  }
}

/** The section of a path below the path of the page: "projects/acme-web". Undefined if there is none. */
export function sectionAt(path: string): Section | undefined {
  const first = path.split('/')[0] ?? '';
  return SECTIONS.find((section) => section.path === first);
}
