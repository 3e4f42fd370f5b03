//! The HTTP API: its stage, and what pages of other origins may do.
//!
//! Throttling, logs and authorizers are API Gateway's and are not read.

use std::time::Duration;

use super::deployment::{Api, Cors};
use super::error::TemplateError;
use super::scope::Scope;
use super::value::Node;

const HTTP_API: &str = "AWS::Serverless::HttpApi";
const DEFAULT_STAGE: &str = "$default";

/// The template's API; one without any declared is SAM's own, with nothing set.
pub(super) fn api(scope: &Scope<'_>) -> Result<Api, TemplateError> {
    let declared = scope.resources(HTTP_API)?;
    if let Some((_, second)) = declared.get(1) {
        return Err(TemplateError::not_understood(second.path(), format!("a second {HTTP_API}")));
    }
    let properties = match declared.first() {
        Some((_, resource)) => scope.member(resource, "Properties")?,
        None => None,
    };
    let Some(properties) = properties else {
        return Ok(Api { stage: DEFAULT_STAGE.to_owned(), cors: None });
    };
    let stage = scope.text_of(&properties, "StageName")?.unwrap_or_else(|| DEFAULT_STAGE.to_owned());
    Ok(Api { stage, cors: cors(scope, &properties)? })
}

fn cors<'t>(scope: &Scope<'t>, properties: &Node<'t>) -> Result<Option<Cors>, TemplateError> {
    let Some(said) = scope.member(properties, "CorsConfiguration")? else {
        return Ok(None);
    };
    // SAM's shorthand: true allows every origin.
    match said.scalar().as_deref() {
        Some("true") => {
            return Ok(Some(Cors { allow_origins: vec!["*".to_owned()], ..Cors::default() }));
        }
        Some("false") => return Ok(None),
        _ => {}
    }
    scope.only(&said, &["AllowOrigins", "AllowMethods", "AllowHeaders", "ExposeHeaders", "MaxAge"])?;
    let texts = |key| scope.texts_of(&said, key).map(Option::unwrap_or_default);
    Ok(Some(Cors {
        allow_origins: texts("AllowOrigins")?,
        allow_methods: texts("AllowMethods")?,
        allow_headers: texts("AllowHeaders")?,
        expose_headers: texts("ExposeHeaders")?,
        max_age: scope.number_of(&said, "MaxAge", 0..=86_400)?.map(|age_s| Duration::from_secs(age_s.unsigned_abs())),
    }))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{read_plainly, template};
    use super::*;

    fn with_api(properties: &str) -> Result<Api, TemplateError> {
        let api = format!("  Api: {{Type: 'AWS::Serverless::HttpApi', Properties: {{{properties}}}}}\n");
        read_plainly(&(template("      Timeout: 5\n") + &api)).map(|deployment| deployment.api)
    }

    #[test]
    fn nothing_said_is_the_default_stage_without_other_origins() {
        let want = Api { stage: "$default".to_owned(), cors: None };
        assert_eq!(with_api(""), Ok(want.clone()));
        assert_eq!(read_plainly(&template("      Timeout: 5\n")).unwrap().api, want);
        assert_eq!(with_api("StageName: live, CorsConfiguration: false").unwrap().stage, "live");
    }

    #[test]
    fn true_allows_every_origin() {
        let cors = with_api("CorsConfiguration: true").unwrap().cors.unwrap();
        assert_eq!(cors, Cors { allow_origins: vec!["*".to_owned()], ..Cors::default() });
    }

    #[test]
    fn a_list_parameter_is_a_list_of_origins() {
        let cors = with_api("CorsConfiguration: {AllowOrigins: !Ref Words, MaxAge: 60}").unwrap().cors.unwrap();
        assert_eq!(cors.allow_origins, ["a", "b"]);
        assert_eq!(cors.max_age, Some(Duration::from_mins(1)));
    }

    #[test]
    fn credentials_are_refused_by_name() {
        let read = with_api("CorsConfiguration: {AllowCredentials: true}");
        assert!(matches!(read, Err(TemplateError::NotUnderstood { name, .. }) if name == "AllowCredentials"));
    }
}
