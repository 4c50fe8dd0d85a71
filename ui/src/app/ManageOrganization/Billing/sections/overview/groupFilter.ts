/** The filter of a group of the section: a project of the organization, or a SKU of a project. */
export function filterOf({ name, namespace }: { name: string | null; namespace?: string | null }): string | null {
  return namespace == null ? name && `sku:${name}` : `project:${namespace}`;
}
