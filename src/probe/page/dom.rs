//! The tree that a browser builds from a page, with bounds that no hostile page can pass.

use std::{
    cell::{Ref, RefCell},
    time::{Duration, Instant},
};

use html5ever::{
    Attribute, LocalName, Namespace, ParseOpts, QualName,
    interface::{ElemName, ElementFlags, NodeOrText, QuirksMode, TreeSink},
    local_name, ns, parse_document,
    tendril::StrTendril,
};

/// Nodes that a page may have; the rest of one that has more is not read.
const MOST_NODES: usize = 100_000;
/// As deep as browsers nest elements.
const MOST_DEPTH: u32 = 512;
/// Bytes that are read between two looks at the size of the tree.
const CHUNK: usize = 64;
/// How long a page may take to be read; what comes later of one that is made to be slow is not read.
const MOST_TIME: Duration = Duration::from_secs(1);

/// A node's place in its document.
pub(super) type NodeId = usize;

/// The document itself.
pub(super) const ROOT: NodeId = 0;

/// A parsed page.
#[derive(Debug, Default)]
pub(super) struct Document {
    nodes: Vec<Node>,
    /// No document type of today: class names and ids are compared without their case.
    pub(super) quirks: bool,
}

#[derive(Debug)]
struct Node {
    kind: Kind,
    parent: Option<NodeId>,
    children: Vec<NodeId>,
    depth: u32,
    /// The form to which the parser gave a control, wherever that stands.
    form: Option<NodeId>,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Kind {
    /// The document, a template's contents, a comment.
    Other,
    /// Text.
    Text(String),
    /// An element.
    Element(Element),
}

/// An element.
#[derive(Debug)]
pub(super) struct Element {
    name: QualName,
    attrs: Vec<Attribute>,
    /// Where a template's contents are, which are no children of it.
    contents: Option<NodeId>,
}

impl Element {
    /// Its name in lower case, as HTML knows it; of an element of SVG or MathML too.
    pub(super) fn name(&self) -> &str {
        &self.name.local
    }

    pub(super) fn local_name(&self) -> &LocalName {
        &self.name.local
    }

    pub(super) fn namespace(&self) -> &Namespace {
        &self.name.ns
    }

    pub(super) fn is_html(&self) -> bool {
        self.name.ns == ns!(html)
    }

    /// The value of an attribute.
    pub(super) fn attr(&self, name: &str) -> Option<&str> {
        self.attrs.iter().find(|attr| &*attr.name.local == name && attr.name.ns == ns!()).map(|attr| &*attr.value)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.attr(name).is_some()
    }

    /// An attribute whose value is a keyword, trimmed and in lower case.
    pub(super) fn keyword(&self, name: &str) -> String {
        self.attr(name).unwrap_or_default().trim().to_ascii_lowercase()
    }
}

impl Document {
    /// Reads a page as a browser does that runs scripts.
    pub(super) fn parse(html: &str) -> Self {
        let sink = Sink { tree: RefCell::new(Document::default()) };
        sink.new_node(Kind::Other);
        let mut options = ParseOpts::default();
        options.tree_builder.scripting_enabled = true;
        let mut parser = parse_document(sink, options);
        let mut rest = html;
        let until = Instant::now() + MOST_TIME;
        while !rest.is_empty()
            && Instant::now() < until
            && parser.tokenizer.sink.sink.tree.borrow().nodes.len() < MOST_NODES
        {
            let end = (CHUNK.min(rest.len())..=rest.len()).find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
            html5ever::tendril::TendrilSink::process(&mut parser, StrTendril::from_slice(&rest[..end]));
            rest = &rest[end..];
        }
        html5ever::tendril::TendrilSink::finish(parser)
    }

    pub(super) fn element(&self, node: NodeId) -> Option<&Element> {
        match &self.nodes.get(node)?.kind {
            Kind::Element(element) => Some(element),
            _ => None,
        }
    }

    pub(super) fn kind(&self, node: NodeId) -> &Kind {
        self.nodes.get(node).map_or(&Kind::Other, |node| &node.kind)
    }

    pub(super) fn children(&self, node: NodeId) -> &[NodeId] {
        self.nodes.get(node).map_or(&[], |node| &node.children)
    }

    pub(super) fn parent(&self, node: NodeId) -> Option<NodeId> {
        self.nodes.get(node)?.parent
    }

    /// The form to which the parser gave a control.
    pub(super) fn parsed_form(&self, node: NodeId) -> Option<NodeId> {
        self.nodes.get(node)?.form
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The elements that a node stands in, the nearest first.
    pub(super) fn ancestors(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.parent(node), |node| self.parent(*node))
    }

    /// All elements of the document in tree order; what stands in a template is none of it.
    pub(super) fn elements(&self) -> Vec<NodeId> {
        let mut found = Vec::new();
        let mut open = vec![ROOT];
        while let Some(node) = open.pop() {
            if self.element(node).is_some() {
                found.push(node);
            }
            open.extend(self.children(node).iter().rev());
        }
        found
    }

    /// The text in a node, as `textContent` gives it.
    pub(super) fn text_of(&self, node: NodeId) -> String {
        let mut text = String::new();
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            if let Kind::Text(part) = self.kind(node) {
                text.push_str(part);
            }
            open.extend(self.children(node).iter().rev());
        }
        text
    }
}

struct Sink {
    tree: RefCell<Document>,
}

/// An element's name, while the tree is built.
#[derive(Debug)]
struct NameRef<'a>(Ref<'a, QualName>);

impl ElemName for NameRef<'_> {
    fn ns(&self) -> &Namespace {
        &self.0.ns
    }

    fn local_name(&self) -> &LocalName {
        &self.0.local
    }
}

impl Sink {
    fn new_node(&self, kind: Kind) -> NodeId {
        let nodes = &mut self.tree.borrow_mut().nodes;
        nodes.push(Node { kind, parent: None, children: Vec::new(), depth: 0, form: None });
        nodes.len() - 1
    }

    fn detach(&self, child: NodeId) {
        let nodes = &mut self.tree.borrow_mut().nodes;
        if let Some(parent) = nodes[child].parent.take() {
            nodes[parent].children.retain(|one| *one != child);
        }
    }

    /// Puts a child at this place below its parent; what is nested too deep stands beside its parent instead.
    fn place(&self, mut parent: NodeId, at: Option<NodeId>, child: NodeOrText<NodeId>) {
        let mut at = at;
        let child = match child {
            NodeOrText::AppendNode(child) => {
                self.detach(child);
                child
            }
            NodeOrText::AppendText(text) => {
                let before = {
                    let tree = self.tree.borrow();
                    let children = &tree.nodes[parent].children;
                    let end = at.and_then(|at| children.iter().rposition(|one| *one == at)).unwrap_or(children.len());
                    end.checked_sub(1).map(|last| children[last])
                };
                if let Some(before) = before
                    && let Kind::Text(found) = &mut self.tree.borrow_mut().nodes[before].kind
                {
                    found.push_str(&text);
                    return;
                }
                self.new_node(Kind::Text(text.to_string()))
            }
        };
        let nodes = &mut self.tree.borrow_mut().nodes;
        while nodes[parent].depth >= MOST_DEPTH
            && let Some(above) = nodes[parent].parent
        {
            parent = above;
            at = None;
        }
        let place = at.and_then(|at| nodes[parent].children.iter().rposition(|one| *one == at));
        match place {
            Some(place) => nodes[parent].children.insert(place, child),
            None => nodes[parent].children.push(child),
        }
        nodes[child].parent = Some(parent);
        nodes[child].depth = nodes[parent].depth + 1;
    }
}

impl TreeSink for Sink {
    type Handle = NodeId;
    type Output = Document;
    type ElemName<'a> = NameRef<'a>;

    fn finish(self) -> Document {
        self.tree.into_inner()
    }

    fn parse_error(&self, _: std::borrow::Cow<'static, str>) {}

    fn get_document(&self) -> NodeId {
        ROOT
    }

    fn elem_name<'a>(&'a self, target: &'a NodeId) -> NameRef<'a> {
        NameRef(Ref::map(self.tree.borrow(), |tree| match &tree.nodes[*target].kind {
            Kind::Element(element) => &element.name,
            _ => unnamed(),
        }))
    }

    fn create_element(&self, name: QualName, attrs: Vec<Attribute>, flags: ElementFlags) -> NodeId {
        let contents = flags.template.then(|| self.new_node(Kind::Other));
        self.new_node(Kind::Element(Element { name, attrs, contents }))
    }

    fn create_comment(&self, _: StrTendril) -> NodeId {
        self.new_node(Kind::Other)
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> NodeId {
        self.new_node(Kind::Other)
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        self.place(*parent, None, child);
    }

    fn append_based_on_parent_node(&self, element: &NodeId, before: &NodeId, child: NodeOrText<NodeId>) {
        let has_parent = self.tree.borrow().nodes[*element].parent.is_some();
        if has_parent { self.append_before_sibling(element, child) } else { self.append(before, child) }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn get_template_contents(&self, target: &NodeId) -> NodeId {
        let contents = match &self.tree.borrow().nodes[*target].kind {
            Kind::Element(element) => element.contents,
            _ => None,
        };
        contents.unwrap_or(*target)
    }

    fn same_node(&self, one: &NodeId, other: &NodeId) -> bool {
        one == other
    }

    fn set_quirks_mode(&self, mode: QuirksMode) {
        self.tree.borrow_mut().quirks = mode == QuirksMode::Quirks;
    }

    fn append_before_sibling(&self, sibling: &NodeId, child: NodeOrText<NodeId>) {
        let parent = self.tree.borrow().nodes[*sibling].parent;
        if let Some(parent) = parent {
            self.place(parent, Some(*sibling), child);
        }
    }

    fn add_attrs_if_missing(&self, target: &NodeId, attrs: Vec<Attribute>) {
        if let Kind::Element(element) = &mut self.tree.borrow_mut().nodes[*target].kind {
            for attr in attrs {
                if !element.attrs.iter().any(|known| known.name == attr.name) {
                    element.attrs.push(attr);
                }
            }
        }
    }

    fn associate_with_form(&self, target: &NodeId, form: &NodeId, _: (&NodeId, Option<&NodeId>)) {
        self.tree.borrow_mut().nodes[*target].form = Some(*form);
    }

    fn remove_from_parent(&self, target: &NodeId) {
        self.detach(*target);
    }

    fn reparent_children(&self, node: &NodeId, new_parent: &NodeId) {
        let children = std::mem::take(&mut self.tree.borrow_mut().nodes[*node].children);
        for child in children {
            self.tree.borrow_mut().nodes[child].parent = None;
            self.place(*new_parent, None, NodeOrText::AppendNode(child));
        }
    }

    fn allow_declarative_shadow_roots(&self, _: &NodeId) -> bool {
        false
    }
}

/// The name of what is no element; the parser asks for none of those.
fn unnamed() -> &'static QualName {
    static UNNAMED: std::sync::LazyLock<QualName> =
        std::sync::LazyLock::new(|| QualName::new(None, ns!(), local_name!("")));
    &UNNAMED
}
