//! A page's elements, as the selectors of style sheets ask for them.

use std::fmt;

use cssparser::{CowRcStr, ParseError, Parser, ToCss};
use html5ever::{LocalName, Namespace};
use precomputed_hash::PrecomputedHash;
use selectors::{
    OpaqueElement, SelectorImpl,
    attr::{AttrSelectorOperation, CaseSensitivity, NamespaceConstraint},
    bloom::BloomFilter,
    context::MatchingContext,
    matching::ElementSelectorFlags,
    parser::{self, SelectorParseErrorKind},
};

use super::dom::{Document, Element, NodeId};

/// The kinds of names that selectors of HTML have.
#[derive(Debug, Clone)]
pub(super) struct Html;

/// A class, an id, or a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Word(String);

/// The name of an element or attribute.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Name(LocalName);

/// A state of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// A link that was not followed yet.
    Link,
    Checked,
    Disabled,
    Enabled,
    Required,
    Optional,
    /// What only becomes true by what a visitor does: hover, focus, target.
    Never,
}

/// The text that a style sheet puts before or after an element's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Generated {
    Before,
    After,
    /// Parts that hold no text of their own: `::placeholder`, `::selection`.
    Other,
}

/// An element with its document.
#[derive(Debug, Clone, Copy)]
pub(super) struct InTree<'a> {
    pub(super) document: &'a Document,
    pub(super) node: NodeId,
}

/// Reads selectors.
pub(super) struct Selectors;

impl From<&str> for Word {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl AsRef<str> for Word {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl ToCss for Word {
    fn to_css<W: fmt::Write>(&self, dest: &mut W) -> fmt::Result {
        cssparser::serialize_string(&self.0, dest)
    }
}

impl PrecomputedHash for Word {
    fn precomputed_hash(&self) -> u32 {
        LocalName::from(self.0.as_str()).precomputed_hash()
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self(LocalName::from(text))
    }
}

impl std::borrow::Borrow<LocalName> for Name {
    fn borrow(&self) -> &LocalName {
        &self.0
    }
}

impl ToCss for Name {
    fn to_css<W: fmt::Write>(&self, dest: &mut W) -> fmt::Result {
        dest.write_str(&self.0)
    }
}

impl PrecomputedHash for Name {
    fn precomputed_hash(&self) -> u32 {
        self.0.precomputed_hash()
    }
}

impl ToCss for State {
    fn to_css<W: fmt::Write>(&self, dest: &mut W) -> fmt::Result {
        write!(dest, ":{self:?}")
    }
}

impl parser::NonTSPseudoClass for State {
    fn is_active_or_hover(&self) -> bool {
        false
    }

    fn is_user_action_state(&self) -> bool {
        false
    }
}

impl ToCss for Generated {
    fn to_css<W: fmt::Write>(&self, dest: &mut W) -> fmt::Result {
        write!(dest, "::{self:?}")
    }
}

impl parser::PseudoElement for Generated {}

impl SelectorImpl for Html {
    type ExtraMatchingData<'a> = ();
    type AttrValue = Word;
    type Identifier = Word;
    type LocalName = Name;
    type NamespaceUrl = Namespace;
    type NamespacePrefix = Name;
    type BorrowedNamespaceUrl = Namespace;
    type BorrowedLocalName = LocalName;
    type NonTSPseudoClass = State;
    type PseudoElement = Generated;
}

impl<'i> parser::Parser<'i> for Selectors {
    type Impl = Html;
    type Error = SelectorParseErrorKind;

    fn parse_is_and_where(&self) -> bool {
        true
    }

    fn parse_has(&self) -> bool {
        true
    }

    fn parse_nth_child_of(&self) -> bool {
        true
    }

    fn parse_non_ts_pseudo_class(&self, name: &str) -> Result<State, ParseError<Self::Error>> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "link" | "any-link" => State::Link,
            "checked" => State::Checked,
            "disabled" => State::Disabled,
            "enabled" => State::Enabled,
            "required" => State::Required,
            "optional" => State::Optional,
            "hover" | "active" | "focus" | "focus-visible" | "focus-within" | "target" | "visited" => State::Never,
            _ => return Err(ParseError::custom(SelectorParseErrorKind::UnsupportedPseudoClassOrElement)),
        })
    }

    fn parse_pseudo_element(&self, name: &str) -> Result<Generated, ParseError<Self::Error>> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "before" => Generated::Before,
            "after" => Generated::After,
            "first-line" | "first-letter" | "marker" | "placeholder" | "selection" | "backdrop" => Generated::Other,
            _ => return Err(ParseError::custom(SelectorParseErrorKind::UnsupportedPseudoClassOrElement)),
        })
    }
}

/// The selectors before a block.
pub(super) fn parse(
    input: &mut Parser<'_>,
) -> Result<selectors::SelectorList<Html>, ParseError<SelectorParseErrorKind>> {
    selectors::SelectorList::parse(&Selectors, input, parser::ParseRelative::No)
}

impl<'a> InTree<'a> {
    fn element(&self) -> Option<&'a Element> {
        self.document.element(self.node)
    }

    fn at(&self, node: NodeId) -> Self {
        Self { document: self.document, node }
    }

    fn siblings(&self) -> (&'a [NodeId], usize) {
        let children = self.document.parent(self.node).map_or(&[][..], |parent| self.document.children(parent));
        (children, children.iter().position(|one| *one == self.node).unwrap_or(0))
    }

    fn first_element(&self, mut among: impl Iterator<Item = NodeId>) -> Option<Self> {
        among.find(|node| self.document.element(*node).is_some()).map(|node| self.at(node))
    }
}

impl selectors::Element for InTree<'_> {
    type Impl = Html;

    fn opaque(&self) -> OpaqueElement {
        OpaqueElement::new(self.document.kind(self.node))
    }

    fn parent_element(&self) -> Option<Self> {
        self.document.parent(self.node).filter(|node| self.document.element(*node).is_some()).map(|node| self.at(node))
    }

    fn parent_node_is_shadow_root(&self) -> bool {
        false
    }

    fn containing_shadow_host(&self) -> Option<Self> {
        None
    }

    fn is_pseudo_element(&self) -> bool {
        false
    }

    fn prev_sibling_element(&self) -> Option<Self> {
        let (siblings, at) = self.siblings();
        self.first_element(siblings[..at].iter().rev().copied())
    }

    fn next_sibling_element(&self) -> Option<Self> {
        let (siblings, at) = self.siblings();
        self.first_element(siblings.iter().skip(at + 1).copied())
    }

    fn first_element_child(&self) -> Option<Self> {
        self.first_element(self.document.children(self.node).iter().copied())
    }

    fn is_html_element_in_html_document(&self) -> bool {
        self.element().is_some_and(Element::is_html)
    }

    fn has_local_name(&self, name: &LocalName) -> bool {
        self.element().is_some_and(|element| element.local_name() == name)
    }

    fn has_namespace(&self, namespace: &Namespace) -> bool {
        self.element().is_some_and(|element| element.namespace() == namespace)
    }

    fn is_same_type(&self, other: &Self) -> bool {
        let name = |one: &Self| one.element().map(|element| (element.local_name(), element.namespace()));
        name(self) == name(other)
    }

    fn attr_matches(
        &self,
        _: &NamespaceConstraint<&Namespace>,
        name: &Name,
        operation: &AttrSelectorOperation<&Word>,
    ) -> bool {
        self.element().and_then(|element| element.attr(&name.0)).is_some_and(|value| operation.eval_str(value))
    }

    fn match_non_ts_pseudo_class(&self, state: &State, _: &mut MatchingContext<Html>) -> bool {
        let Some(element) = self.element() else { return false };
        let control = matches!(element.name(), "input" | "button" | "select" | "textarea" | "fieldset" | "option");
        let typed = matches!(element.name(), "input" | "select" | "textarea");
        match state {
            State::Link => selectors::Element::is_link(self),
            State::Checked => element.has("checked") || element.name() == "option" && element.has("selected"),
            State::Disabled => control && element.has("disabled"),
            State::Enabled => control && !element.has("disabled"),
            State::Required => typed && element.has("required"),
            State::Optional => typed && !element.has("required"),
            State::Never => false,
        }
    }

    fn match_pseudo_element(&self, _: &Generated, _: &mut MatchingContext<Html>) -> bool {
        false
    }

    fn apply_selector_flags(&self, _: ElementSelectorFlags) {}

    fn is_link(&self) -> bool {
        self.element().is_some_and(|element| matches!(element.name(), "a" | "area") && element.has("href"))
    }

    fn is_html_slot_element(&self) -> bool {
        false
    }

    fn has_id(&self, id: &Word, case: CaseSensitivity) -> bool {
        let found = self.element().and_then(|element| element.attr("id"));
        found.is_some_and(|found| case.eq(found.as_bytes(), id.0.as_bytes()))
    }

    fn has_class(&self, name: &Word, case: CaseSensitivity) -> bool {
        let classes = self.element().and_then(|element| element.attr("class")).unwrap_or_default();
        classes.split_ascii_whitespace().any(|one| case.eq(one.as_bytes(), name.0.as_bytes()))
    }

    fn has_custom_state(&self, _: &Word) -> bool {
        false
    }

    fn imported_part(&self, _: &Word) -> Option<Word> {
        None
    }

    fn is_part(&self, _: &Word) -> bool {
        false
    }

    fn is_empty(&self) -> bool {
        self.document.children(self.node).iter().all(|child| match self.document.kind(*child) {
            super::dom::Kind::Text(text) => text.is_empty(),
            super::dom::Kind::Element(_) => false,
            super::dom::Kind::Other => true,
        })
    }

    fn is_root(&self) -> bool {
        self.document.parent(self.node) == Some(super::dom::ROOT)
    }

    fn add_element_unique_hashes(&self, _: &mut BloomFilter) -> bool {
        false
    }
}

/// An identifier of a style sheet in lower case.
pub(super) fn lower(name: &CowRcStr<'_>) -> String {
    name.to_ascii_lowercase()
}
