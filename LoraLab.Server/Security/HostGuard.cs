using LoraLab.Server.Infrastructure.Errors;

namespace LoraLab.Server.Security;

/// <summary>
/// Rejects requests for an unknown host name. ASP.NET Core's host filtering would do, but it responds without a problem document and
/// does not know which addresses belong to this machine.
/// </summary>
internal sealed class HostGuard(RequestDelegate next, AllowedHostNames names)
{
    public Task InvokeAsync(HttpContext context)
    {
        string host = context.Request.Host.Host;
        return names.Allows(host)
            ? next(context)
            : throw ApiFailure.Refused(
                StatusCodes.Status400BadRequest, "unknownHost", $"'{ApiFailure.Shorten(host)}' is not a host name of this server; "
                    + "use 127.0.0.1 or localhost, or add the name to AllowedHosts.");
    }
}
