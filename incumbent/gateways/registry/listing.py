"""What MLflow says that it keeps of a run: the proof of what is there, and of what is not.

MLflow's client does not show the place that the server names: the server is asked itself.
"""

from mlflow.entities import FileInfo
from mlflow.tracking import MlflowClient
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request, verify_rest_response

from incumbent.gateways.registry.connection import Connection, require_sense

ENDPOINT = "/api/2.0/mlflow/artifacts/list"


def listed(connection: Connection, run_id: str, path: str) -> dict[str, int]:
    """Size of each file of a run below a path, as the tracking server lists them.

    The server names the run's place in each answer: a page of a proxy, or an empty answer, is no
    list.

    Raises:
        OutOfReachError: MLflow did not answer, or not as MLflow does.
    """
    with connection.guarded(f"list the files of run {run_id}") as client:
        place = str(client.get_run(run_id).info.artifact_uri)
        found, folders = dict[str, int](), [path]
        while folders:
            for file in _inside(client, connection, run_id, place, folders.pop()):
                if file.is_dir:
                    folders.append(file.path)
                else:
                    found[file.path] = int(file.file_size or 0)
        return found


def _inside(
    client: MlflowClient, connection: Connection, run_id: str, place: str, path: str
) -> list[FileInfo]:
    if not connection.is_server:
        return list(client.list_artifacts(run_id, path))
    creds = get_default_host_creds(connection.tracking_uri)  # type: ignore[no-untyped-call] # MLflow's
    asked = {"run_id": run_id, "path": path}
    answer = http_request(creds, ENDPOINT, "GET", params=asked)  # type: ignore[no-untyped-call] # MLflow's
    response = verify_rest_response(answer, ENDPOINT).json()
    require_sense(response.get("root_uri") == place)
    files = response.get("files", [])
    return [FileInfo(f["path"], f["is_dir"], int(f.get("file_size", 0))) for f in files]
