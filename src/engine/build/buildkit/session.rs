//! What a build may ask of us while it is under way: files, secrets. The engine calls, we serve, on a connection that we opened.

use std::{collections::BTreeMap, convert::Infallible};

use bollard_buildkit_proto::{
    health::{
        HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse,
        health_check_response::ServingStatus,
        health_server::{Health, HealthServer},
    },
    moby::{
        buildkit::secrets::v1::{
            GetSecretRequest, GetSecretResponse,
            secrets_server::{Secrets, SecretsServer},
        },
        filesync::packet::file_sync_server::FileSyncServer,
    },
};
use hyper::{body::Incoming, server::conn::http2, service::service_fn, upgrade::Upgraded};
use hyper_util::rt::TokioExecutor;
use tonic::{
    Request, Response, Status,
    body::Body,
    codegen::{BoxStream, Service, http},
};

use super::files::Files;
use crate::engine::{connect::upgrade::upgrade, request::Fault};

/// What is served, as the engine has to be told.
const METHODS: [&str; 3] = [
    "/grpc.health.v1.Health/Check",
    "/moby.filesync.v1.FileSync/DiffCopy",
    "/moby.buildkit.secrets.v1.Secrets/GetSecret",
];

/// A session that is open, and what is served in it.
pub(super) struct Session {
    line: Upgraded,
    services: Services,
}

#[derive(Clone)]
struct Services {
    health: HealthServer<Healthy>,
    files: FileSyncServer<Files>,
    secrets: SecretsServer<Kept>,
}

struct Healthy;

/// Secrets by name.
struct Kept(BTreeMap<String, Vec<u8>>);

impl Session {
    /// Opens a session of this name.
    ///
    /// # Errors
    /// The engine has no BuildKit (404), or does not answer.
    pub async fn open(url: &str, id: &str, files: Files, secrets: BTreeMap<String, Vec<u8>>) -> Result<Self, Fault> {
        let mut headers = vec![
            ("X-Docker-Expose-Session-Uuid", id),
            ("X-Docker-Expose-Session-Name", "breakfix"),
            // One that is shared would let the engine take a file for one that was sent before, by its size and its time alone.
            ("X-Docker-Expose-Session-Sharedkey", id),
        ];
        headers.extend(METHODS.map(|method| ("X-Docker-Expose-Session-Grpc-Method", method)));
        let line = upgrade(url, "/session", &headers).await?;
        let services = Services {
            health: HealthServer::new(Healthy),
            files: FileSyncServer::new(files),
            secrets: SecretsServer::new(Kept(secrets)),
        };
        Ok(Self { line, services })
    }

    /// Serves until the engine closes the session, or this future is dropped.
    pub async fn serve(self) -> Result<(), hyper::Error> {
        let services = self.services;
        let answer = service_fn(move |request| services.clone().answer(request));
        http2::Builder::new(TokioExecutor::new()).serve_connection(self.line, answer).await
    }
}

impl Services {
    async fn answer(mut self, request: http::Request<Incoming>) -> Result<http::Response<Body>, Infallible> {
        let path = request.uri().path();
        if path.starts_with("/grpc.health.v1.Health/") {
            self.health.call(request).await
        } else if path.starts_with("/moby.filesync.v1.FileSync/") {
            self.files.call(request).await
        } else if path.starts_with("/moby.buildkit.secrets.v1.Secrets/") {
            self.secrets.call(request).await
        } else {
            Ok(Status::unimplemented("not served here").into_http())
        }
    }
}

#[tonic::async_trait]
impl Health for Healthy {
    type WatchStream = BoxStream<HealthCheckResponse>;

    async fn check(&self, _: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(HealthCheckResponse { status: ServingStatus::Serving.into() }))
    }

    async fn list(&self, _: Request<HealthListRequest>) -> Result<Response<HealthListResponse>, Status> {
        Err(Status::unimplemented("nobody asks for a list"))
    }

    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("nobody watches"))
    }
}

#[tonic::async_trait]
impl Secrets for Kept {
    async fn get_secret(&self, request: Request<GetSecretRequest>) -> Result<Response<GetSecretResponse>, Status> {
        let id = &request.get_ref().id;
        let data = self.0.get(id).cloned().ok_or_else(|| Status::not_found(format!("secret {id} is not given")))?;
        Ok(Response::new(GetSecretResponse { data }))
    }
}
