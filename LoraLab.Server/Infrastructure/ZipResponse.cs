using System.IO.Compression;
using Microsoft.AspNetCore.Http.Features;

namespace LoraLab.Server.Infrastructure;

/// <summary>A zip that is written as it is sent: neither memory nor disk holds a copy.</summary>
internal static class ZipResponse
{
    /// <summary>Creates the response.</summary>
    /// <param name="context">The request.</param>
    /// <param name="name">File name of the download.</param>
    /// <param name="write">Writes the entries; the response has begun, so that a failure cuts it.</param>
    public static IResult Of(HttpContext context, string name, Func<ZipArchive, CancellationToken, Task> write)
    {
        // The end of a compressed entry is written synchronously, whatever the caller does; the rest is not.
        if (context.Features.Get<IHttpBodyControlFeature>() is { } control)
        {
            control.AllowSynchronousIO = true;
        }

        return TypedResults.Stream(
            async response =>
            {
                await using ZipArchive zip = await ZipArchive.CreateAsync(
                    response, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, context.RequestAborted);
                await write(zip, context.RequestAborted);
            },
            "application/zip",
            name);
    }
}
