using System.Text;
using System.Text.Encodings.Web;
using LoraLab.Server.Infrastructure.Errors;
using Microsoft.Extensions.FileProviders;
using Microsoft.Net.Http.Headers;

namespace LoraLab.Server.Hosting;

/// <summary>The dashboard's page, with the base address under which the browser sees the server.</summary>
internal static class DashboardPage
{
    private const string File = "index.html";
    private const string Base = "<base href=\"/\" />";

    public static async Task WriteAsync(HttpContext context)
    {
        IFileInfo file = context.RequestServices.GetRequiredService<IWebHostEnvironment>().WebRootFileProvider.GetFileInfo(File);
        if (!file.Exists)
        {
            throw ApiFailure.NotFound("noDashboard", "The dashboard's files are missing; build or publish LoraLab.Server again.");
        }

        using StreamReader reader = new(file.CreateReadStream(), Encoding.UTF8);
        string page = await reader.ReadToEndAsync(context.RequestAborted);
        page = context.RequestServices.GetRequiredService<FingerprintedFiles>().Apply(page);
        string address = HtmlEncoder.Default.Encode($"{context.Request.PathBase}/");
        byte[] body = Encoding.UTF8.GetBytes(page.Replace(Base, $"<base href=\"{address}\" />", StringComparison.Ordinal));
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.ContentLength = body.Length;
        context.Response.Headers[HeaderNames.CacheControl] = "no-cache";
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }
}
