using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LoraLab.Tests.Training.Hub;

/// <summary>
/// A local server with the hub's routes: it serves small files itself and redirects large ones to a second server, as the real hub does.
/// It can cut connections, require a token, and report wrong sizes and hashes.
/// </summary>
internal sealed class FakeHub : IAsyncDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";
    public const string OlderCommit = "fedcba9876543210fedcba9876543210fedcba98";
    private const int LargeFrom = 1000;

    private readonly WebApplication _hub;
    private readonly WebApplication _store;
    private readonly ConcurrentQueue<Seen> _requests = new();
    private readonly ConcurrentDictionary<string, Queue<int>> _cuts = new();
    private readonly Queue<int> _refusals = new();

    private FakeHub(WebApplication hub, WebApplication store)
    {
        (_hub, _store) = (hub, store);
        hub.MapGet("/api/{kind}/{owner}/{name}/revision/{revision}", List);
        hub.MapGet("/{owner}/{name}/resolve/{revision}/{**path}", (HttpContext context) => ResolveAsync(context, "models"));
        hub.MapGet("/datasets/{owner}/{name}/resolve/{revision}/{**path}", (HttpContext context) => ResolveAsync(context, "datasets"));
        store.MapGet("/blob/{**path}", (HttpContext context) => ServeAsync(context));
    }

    public Uri Address => new(_hub.Urls.Single());

    /// <summary>The files of the repository by path.</summary>
    public ConcurrentDictionary<string, byte[]> Files { get; } = new();

    /// <summary>The files of the revision v1, whose commit is <see cref="OlderCommit"/>.</summary>
    public ConcurrentDictionary<string, byte[]> Older { get; } = new();

    /// <summary>Whether listing and responses say nothing about sizes and checksums, as those of some mirrors.</summary>
    public bool WithoutSizes { get; set; }

    /// <summary>If set, where the listing is redirected to.</summary>
    public string? Elsewhere { get; set; }

    /// <summary>The branch that has <see cref="Files"/>, and the only one.</summary>
    public string Branch { get; set; } = "main";

    public string Kind { get; init; } = "models";

    public string Id { get; init; } = "owner/tiny";

    /// <summary>If set, the token that requests must have.</summary>
    public string? Token { get; set; }

    /// <summary>Entity tag of the store; null: none.</summary>
    public string? Tag { get; set; } = "\"v1\"";

    /// <summary>Returns a false listing entry of a file.</summary>
    public Func<string, (long Size, string Hash)?> Lie { get; set; } = _ => null;

    /// <summary>Called when the store starts to send a file.</summary>
    public Action<string> OnServe { get; set; } = _ => { };

    /// <summary>Returns the bytes of a file that the client has written; a connection is cut only after all sent bytes are.</summary>
    public Func<string, long> Arrived { get; set; } = _ => long.MaxValue;

    public IReadOnlyList<Seen> Requests => [.. _requests];

    public static async Task<FakeHub> StartAsync(string kind = "models", string id = "owner/tiny")
    {
        FakeHub hub = new(Build("127.0.0.1"), Build("localhost")) { Kind = kind, Id = id };
        await hub._hub.StartAsync();
        await hub._store.StartAsync();
        return hub;
    }

    /// <summary>Returns the requests for a file's bytes, in order.</summary>
    public IReadOnlyList<Seen> Served(string path) => [.. Requests.Where(seen => seen.Server == "store" && seen.Path == $"/blob/{path}")];

    /// <summary>Cuts the next responses with this file after the given numbers of bytes.</summary>
    public void Cut(string path, params int[] afterBytes) => _cuts[path] = new Queue<int>(afterBytes);

    /// <summary>Answers the next requests to the hub with these status codes.</summary>
    public void Refuse(params int[] statuses)
    {
        foreach (int status in statuses)
        {
            _refusals.Enqueue(status);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        await _store.DisposeAsync();
    }

    private static WebApplication Build(string host)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        if (host == "localhost")
        {
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0));
        }
        else
        {
            builder.WebHost.UseUrls($"http://{host}:0");
        }

        return builder.Build();
    }

    private async Task List(HttpContext context, string kind, string owner, string name, string revision)
    {
        Note("hub", context);
        if (await RefusedAsync(context, kind, $"{owner}/{name}"))
        {
            return;
        }

        if (Elsewhere is not null)
        {
            context.Response.Redirect(Elsewhere);
            return;
        }

        string? commit = revision is "v2" or Commit || Uri.UnescapeDataString(revision) == Branch ? Commit
            : revision is "v1" or OlderCommit ? OlderCommit
            : null;
        if (commit is null)
        {
            await RefuseAsync(context, 404, "RevisionNotFound");
            return;
        }

        await context.Response.WriteAsJsonAsync(
            new { id = Id, sha = commit, siblings = FilesOf(commit).Select(file => Sibling(file.Key, file.Value)) });
    }

    private ConcurrentDictionary<string, byte[]> FilesOf(string commit) => commit == OlderCommit ? Older : Files;

    private object Sibling(string path, byte[] content)
    {
        if (WithoutSizes)
        {
            return new { rfilename = path, lfs = (object?)null };
        }

        long size = Lie(path)?.Size ?? content.Length;
        return content.Length >= LargeFrom
            ? new
            {
                rfilename = path,
                size,
                blobId = "of the pointer",
                lfs = new { sha256 = Lie(path)?.Hash ?? Convert.ToHexStringLower(SHA256.HashData(content)), size, pointerSize = 130 },
            }
            : new
            {
                rfilename = path,
                size,
                blobId = Lie(path)?.Hash
                    ?? Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content])),
            };
    }

    private async Task ResolveAsync(HttpContext context, string kind)
    {
        Note("hub", context);
        string path = (string)context.Request.RouteValues["path"]!;
        string id = $"{context.Request.RouteValues["owner"]}/{context.Request.RouteValues["name"]}";
        if (await RefusedAsync(context, kind, id))
        {
            return;
        }

        string commit = (string)context.Request.RouteValues["revision"]!;
        if (commit is not (Commit or OlderCommit) || !FilesOf(commit).TryGetValue(path, out byte[]? content))
        {
            await RefuseAsync(context, 404, "EntryNotFound");
        }
        else if (content.Length >= LargeFrom)
        {
            context.Response.Redirect($"http://localhost:{new Uri(_store.Urls.Single()).Port}/blob/{path}?commit={commit}");
        }
        else
        {
            await context.Response.Body.WriteAsync(content);
        }
    }

    private async Task ServeAsync(HttpContext context)
    {
        Note("store", context);
        string path = (string)context.Request.RouteValues["path"]!;
        byte[] content = FilesOf(context.Request.Query["commit"].ToString())[path];
        OnServe(path);
        int from = 0;
        string? range = context.Request.Headers.Range;
        string? condition = context.Request.Headers.IfRange;
        if (range is not null && (string.IsNullOrEmpty(condition) || condition == Tag))
        {
            from = int.Parse(range["bytes=".Length..^1]);
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = $"bytes {from}-{content.Length - 1}/{content.Length}";
        }

        if (!WithoutSizes)
        {
            context.Response.Headers.ETag = Tag;
            context.Response.ContentLength = content.Length - from;
        }

        if (_cuts.TryGetValue(path, out Queue<int>? cuts) && cuts.TryDequeue(out int bytes))
        {
            await context.Response.Body.WriteAsync(content.AsMemory(from, bytes));
            await context.Response.Body.FlushAsync();
            for (int waited = 0; Arrived(path) < from + bytes && waited < 1000; waited++)
            {
                await Task.Delay(10);
            }

            context.Abort();
            return;
        }

        await context.Response.Body.WriteAsync(content.AsMemory(from));
    }

    private async Task<bool> RefusedAsync(HttpContext context, string kind, string id)
    {
        if (_refusals.TryDequeue(out int status))
        {
            await RefuseAsync(context, status, null);
            return true;
        }

        if (Token is not null && context.Request.Headers.Authorization != $"Bearer {Token}")
        {
            await RefuseAsync(context, 401, null);
            return true;
        }

        if (kind != Kind || id != Id)
        {
            await RefuseAsync(context, 404, "RepoNotFound");
            return true;
        }

        return false;
    }

    private static async Task RefuseAsync(HttpContext context, int status, string? code)
    {
        context.Response.StatusCode = status;
        if (code is not null)
        {
            context.Response.Headers["X-Error-Code"] = code;
        }

        await context.Response.WriteAsync("no");
    }

    private void Note(string server, HttpContext context)
    {
        string? Header(string name) =>
            context.Request.Headers.TryGetValue(name, out Microsoft.Extensions.Primitives.StringValues values) ? values.ToString() : null;
        _requests.Enqueue(new Seen(server, context.Request.Path.Value!, Header("Range"), Header("If-Range"), Header("Authorization")));
    }

    /// <summary>A received request.</summary>
    public sealed record Seen(string Server, string Path, string? Range, string? IfRange, string? Authorization);
}
