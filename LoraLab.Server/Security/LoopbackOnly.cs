using System.Net;
using LoraLab.Server.Infrastructure;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LoraLab.Server.Security;

/// <summary>
/// Without an API key the server may listen on loopback addresses only. Kestrel calls this right before it binds each address, wherever
/// it was configured.
/// </summary>
internal static class LoopbackOnly
{
    public static void Check(ListenOptions listen)
    {
        ApiKeyRing keys = listen.ApplicationServices.GetRequiredService<ApiKeyRing>();
        if (!keys.Required && listen.EndPoint is IPEndPoint address && !IPAddress.IsLoopback(address.Address))
        {
            throw new StartFailure(
                $"The server would listen on {address}, which other machines can reach, but no API key is configured: "
                    + "create one with `dotnet run --project LoraLab.Server -c Release -- keys new --name me --scopes admin`, "
                    + "add its entry to LoraLab:ApiKeys, and start again; or use --urls http://127.0.0.1:5080.");
        }
    }
}
