/** Whether the platform and its products serve (`grpc.health.v1`). Needs no token. */

import { Health as HealthService, HealthCheckResponse_ServingStatus } from "./gen/grpc_health/v1/health_pb.js";
import type { Session } from "./session.js";

export class Health {
  constructor(private readonly session: Session) {}

  /**
   * `SERVING` or `NOT_SERVING`, of the platform or of one service (`portico.objects.v1.ObjectService`). Throws NotFound for
   * a service that the platform does not run.
   */
  async check(service = ""): Promise<string> {
    const { status } = await this.session.call(HealthService.method.check, { service });
    return HealthCheckResponse_ServingStatus[status] ?? "UNKNOWN";
  }
}
