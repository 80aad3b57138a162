using System.Net;
using LoraLab.Server.Infrastructure;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LoraLab.Server.Security;

/// <summary>
/// Without an API key nothing but the loopback address may be listened on. Kestrel asks for each address right before it binds it, wherever
/// that address was configured.
/// </summary>
internal static class LoopbackOnly
{
    public static void Check(ListenOptions listen)
    {
        ApiKeyRing keys = listen.ApplicationServices.GetRequiredService<ApiKeyRing>();
        if (!keys.Required && listen.EndPoint is IPEndPoint address && !IPAddress.IsLoopback(address.Address))
        {
            throw new StartFailure(
                $"The server would listen on {address}, where others reach it, and no API key is configured: make one with `dotnet run --project LoraLab.Server -c Release -- keys new --name me --scopes admin`, put its line into LoraLab:ApiKeys, and start again; or use --urls http://127.0.0.1:5080.");
        }
    }
}
