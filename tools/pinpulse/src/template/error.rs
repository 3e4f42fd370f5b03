//! Why a template cannot be run locally, and where in it.
//!
//! A place is the path of keys from the top (`Resources.PinStream.Properties.Name`); the file's name is the caller's to
//! add. Values of parameters are never repeated: they may be secret.

/// Why a template cannot be run locally. All are permanent: the template or a parameter must change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The text is no YAML, or more than CloudFormation accepts.
    #[error("read YAML: {0}")]
    Yaml(String),
    /// Something that AWS understands and the local mode does not.
    #[error("{path}: {name} is not understood by the local mode")]
    NotUnderstood {
        /// Where it stands.
        path: String,
        /// The function, property, type or transform.
        name: String,
    },
    /// A reference to a parameter, resource, condition or map entry that is not there.
    #[error("{path}: {name} names nothing in the template")]
    Unknown {
        /// Where the reference stands.
        path: String,
        /// What it refers to.
        name: String,
    },
    /// A condition or a name that needs itself to be worked out, or a chain of them too long to follow.
    #[error("{path}: {name} refers to itself")]
    Circular {
        /// Where the reference stands.
        path: String,
        /// What it refers to.
        name: String,
    },
    /// A value that the local mode needs is absent.
    #[error("{path}: missing")]
    Missing {
        /// Where it should stand.
        path: String,
    },
    /// A value of the wrong shape, or outside what AWS accepts.
    #[error("{path}: {problem}")]
    Wrong {
        /// Where it stands.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A value was given for a parameter that the template does not declare.
    #[error("the template has no parameter {0}")]
    NoSuchParameter(String),
}

impl TemplateError {
    pub(super) fn wrong(path: &str, problem: impl Into<String>) -> Self {
        Self::Wrong { path: path.to_owned(), problem: problem.into() }
    }

    pub(super) fn not_understood(path: &str, name: impl Into<String>) -> Self {
        Self::NotUnderstood { path: path.to_owned(), name: name.into() }
    }

    pub(super) fn unknown(path: &str, name: impl Into<String>) -> Self {
        Self::Unknown { path: path.to_owned(), name: name.into() }
    }
}
