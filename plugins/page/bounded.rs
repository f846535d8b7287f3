//! Parsing that no page can make slow or deep: pages come from anywhere.

use crate::tags;
use dom_query::{Document, NodeId};
use html5ever::{
    Attribute, QualName,
    buffer_queue::BufferQueue,
    interface::{ElementFlags, NodeOrText, QuirksMode},
    tendril::StrTendril,
    tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts},
    tree_builder::{TreeBuilder, TreeBuilderOpts, TreeSink},
};
use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    collections::HashMap,
};

/// Bytes of a page. The longest pages of documentation, whole manuals, have about half of that.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Elements in elements. Browsers stop at 512; no page that a person wrote has 100, and some of what
/// walks the tree later calls itself for each level.
const MAX_DEPTH: u16 = 200;

/// Nodes of a page: about 100 MiB of memory.
const MAX_NODES: usize = 500_000;

/// A page as a tree.
pub struct Parsed {
    pub document: Document,
    /// Whether a bound was reached, so that the end is missing.
    pub truncated: bool,
}

/// Parses; what is nested too deep becomes shallower, what is too much is left out.
pub fn parse(html: &str) -> Parsed {
    let mut end = html.len().min(MAX_BYTES);
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    let options = TreeBuilderOpts { scripting_enabled: false, ..TreeBuilderOpts::default() };
    let gate = Gate { builder: TreeBuilder::new(Sink::default(), options), full: Cell::new(false) };
    let tokenizer = Tokenizer::new(gate, TokenizerOpts::default());
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from_slice(&tags::without_endless(&html[..end])));
    // A script ends a run of the tokenizer; nothing runs it here.
    while !queue.is_empty() && !tokenizer.sink.full.get() {
        let _ = tokenizer.feed(&queue);
    }
    tokenizer.end();
    let truncated = end < html.len() || tokenizer.sink.full.get();
    Parsed { document: tokenizer.sink.builder.sink.document, truncated }
}

/// Stands before the tree builder and keeps from it what would go too deep or too far.
struct Gate {
    builder: TreeBuilder<NodeId, Sink>,
    full: Cell<bool>,
}

impl TokenSink for Gate {
    type Handle = NodeId;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<NodeId> {
        let sink = &self.builder.sink;
        if sink.document.tree.len() >= MAX_NODES {
            self.full.set(true);
        }
        let starts = matches!(&token, Token::TagToken(Tag { kind: TagKind::StartTag, .. }));
        let end = matches!(token, Token::EOFToken);
        if !end && (self.full.get() || (starts && sink.depth.get() >= MAX_DEPTH)) {
            return TokenSinkResult::Continue;
        }
        self.builder.process_token(token, line)
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

/// The document, which also knows how deep the place is where the builder is at work.
#[derive(Default)]
struct Sink {
    document: Document,
    depths: RefCell<HashMap<NodeId, u16>>,
    depth: Cell<u16>,
}

impl Sink {
    fn depth_of(&self, node: NodeId) -> u16 {
        self.depths.borrow().get(&node).copied().unwrap_or(0)
    }

    fn placed(&self, parent: NodeId, child: &NodeOrText<NodeId>) {
        let mut depth = self.depth_of(parent);
        if let NodeOrText::AppendNode(node) = child {
            depth = depth.saturating_add(1);
            self.depths.borrow_mut().insert(*node, depth);
        }
        self.depth.set(depth);
    }
}

impl TreeSink for Sink {
    type Handle = NodeId;
    type Output = Document;
    type ElemName<'a> = <Document as TreeSink>::ElemName<'a>;

    fn finish(self) -> Document {
        self.document
    }

    /// Nobody reads them, and a page may have millions.
    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> NodeId {
        self.document.get_document()
    }

    fn elem_name<'a>(&'a self, target: &'a NodeId) -> Self::ElemName<'a> {
        self.document.elem_name(target)
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, flags: ElementFlags) -> NodeId {
        self.document.create_element(name, attributes, flags)
    }

    fn create_comment(&self, text: StrTendril) -> NodeId {
        self.document.create_comment(text)
    }

    fn create_pi(&self, target: StrTendril, data: StrTendril) -> NodeId {
        self.document.create_pi(target, data)
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        self.placed(*parent, &child);
        self.document.append(parent, child);
    }

    fn append_based_on_parent_node(&self, element: &NodeId, before: &NodeId, child: NodeOrText<NodeId>) {
        self.placed(*before, &child);
        self.document.append_based_on_parent_node(element, before, child);
    }

    fn append_doctype_to_document(&self, name: StrTendril, public: StrTendril, system: StrTendril) {
        self.document.append_doctype_to_document(name, public, system);
    }

    fn pop(&self, node: &NodeId) {
        self.depth.set(self.depth_of(*node).saturating_sub(1));
    }

    fn get_template_contents(&self, target: &NodeId) -> NodeId {
        self.document.get_template_contents(target)
    }

    fn same_node(&self, one: &NodeId, other: &NodeId) -> bool {
        one == other
    }

    fn set_quirks_mode(&self, mode: QuirksMode) {
        self.document.set_quirks_mode(mode);
    }

    fn append_before_sibling(&self, sibling: &NodeId, child: NodeOrText<NodeId>) {
        self.placed(*sibling, &child);
        self.document.append_before_sibling(sibling, child);
    }

    fn add_attrs_if_missing(&self, target: &NodeId, attributes: Vec<Attribute>) {
        self.document.add_attrs_if_missing(target, attributes);
    }

    fn remove_from_parent(&self, target: &NodeId) {
        self.document.remove_from_parent(target);
    }

    fn reparent_children(&self, node: &NodeId, parent: &NodeId) {
        self.document.reparent_children(node, parent);
    }

    fn is_mathml_annotation_xml_integration_point(&self, node: &NodeId) -> bool {
        self.document.is_mathml_annotation_xml_integration_point(node)
    }
}
