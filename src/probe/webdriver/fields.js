// The fields and buttons of a form, in the order of the page, and whether a person can type or press there.
const form = document.forms[arguments[0]];
if (!form) return [];
const controls = [...document.querySelectorAll('input, button, textarea, select')].filter((one) => one.form === form);
return controls.map((element) => {
  const { width, height } = element.getBoundingClientRect();
  const seen = element.checkVisibility({ visibilityProperty: true }) && width > 0 && height > 0;
  const inert = element.closest('[inert]') !== null;
  return {
    element,
    name: element.name,
    kind: element.type,
    value: element.value || '',
    label: (element.textContent || element.value || element.alt || '').trim(),
    open: seen && !inert && !element.matches(':disabled'),
    fixed: element.readOnly === true,
  };
});
