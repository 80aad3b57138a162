using LoraLab.Server.Infrastructure.Errors;

namespace LoraLab.Server.Security;

/// <summary>
/// Refuses requests that come under a foreign name. ASP.NET Core's host filtering would do, but answers without a problem document and
/// does not know which addresses are this machine's.
/// </summary>
internal sealed class HostGuard(RequestDelegate next, AllowedHostNames names)
{
    public Task InvokeAsync(HttpContext context)
    {
        string host = context.Request.Host.Host;
        return names.Allows(host)
            ? next(context)
            : throw ApiFailure.Refused(
                StatusCodes.Status400BadRequest, "unknownHost", $"This server is not called '{ApiFailure.Shorten(host)}'; use 127.0.0.1 or localhost, or add the name to AllowedHosts.");
    }
}
