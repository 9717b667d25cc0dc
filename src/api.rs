//! The generated trait, filled in: each operation is a line that leads to its room.
//!
//! An operation that has no line here yet answers 501 from the trait's default.

use crate::app::App;
use crate::auth::{self, Principal};
use crate::generated::api::{
    Api, HealthCheckResponse, InviteMembersParameters, InviteMembersResponse, Operation,
    SendUserInvitationParameters, SendUserInvitationResponse,
};
use crate::generated::models::InviteMembersRequest;
use crate::http::{Authorization, RequestContext};
use crate::problem::Problem;
use crate::{health, invitations, members};

impl Api for App {
    type Principal = Principal;

    fn authenticate(
        &self,
        operation: Operation,
        authorization: Authorization<'_>,
        context: &RequestContext,
    ) -> Result<Principal, Problem> {
        auth::authenticate(&self.db, operation, authorization, context)
    }

    async fn health_check(&self) -> Result<HealthCheckResponse, Problem> {
        health::check(self).await
    }

    async fn invite_members(
        &self,
        principal: Principal,
        parameters: InviteMembersParameters,
        body: InviteMembersRequest,
    ) -> Result<InviteMembersResponse, Problem> {
        members::invite(self, principal, parameters, body).await
    }

    async fn send_user_invitation(
        &self,
        principal: Principal,
        parameters: SendUserInvitationParameters,
    ) -> Result<SendUserInvitationResponse, Problem> {
        invitations::send(self, principal, parameters).await
    }
}
