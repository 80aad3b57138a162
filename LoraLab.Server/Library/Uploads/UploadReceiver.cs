using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Files;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage.Records;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace LoraLab.Server.Library.Uploads;

/// <summary>Streams the files of a multipart body to a folder, within the limit of uploads and of the disk's free space.</summary>
internal sealed class UploadReceiver(LoraLabPaths paths, DiskReserve reserve, IOptions<LoraLabOptions> options)
{
    private const long MiB = 1 << 20;
    private const string Remedy = "upload again";
    private const int MaximumBoundary = 200;
    private const int MaximumField = 1 << 20;

    /// <summary>What the parts may have beside their files: headers, boundaries and fields.</summary>
    private const long MaximumRest = 2 * MiB;

    private static readonly string[] _fields = ["name", "manifest", "seed", "model"];
    private static readonly string[] _files = ["file", "train", "eval"];

    private long Limit => options.Value.Limits.UploadMb * MiB;

    private string TooLarge => $"The upload is larger than {NumberFormat.Count(options.Value.Limits.UploadMb)} MiB "
        + "(LoraLab:Limits:UploadMb); upload fewer rows, or put the files into a folder of LoraLab:DatasetDirectories.";

    /// <summary>Receives the files of a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="folder">Existing folder for the files.</param>
    /// <param name="cancellationToken">The client has gone.</param>
    /// <exception cref="ApiFailure">The body is no such form, or too large.</exception>
    public async Task<UploadParts> ReceiveAsync(HttpRequest request, string folder, CancellationToken cancellationToken)
    {
        // Before the first byte is read: a body that says that it is too large is refused at once.
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = Limit + MaximumRest;
        }

        if (request.ContentLength > Limit + MaximumRest)
        {
            throw ApiFailure.TooLarge(TooLarge);
        }

        reserve.Require(request.ContentLength ?? 0, request.ContentLength is null ? null : "The upload", Remedy, paths.DataDirectory);
        MultipartReader reader = new(Boundary(request), request.Body);
        Dictionary<string, string> fields = [];
        Dictionary<string, (string Stored, string Sent)> files = [];
        long bytes = 0;
        try
        {
            while (await reader.ReadNextSectionAsync(cancellationToken) is { } section)
            {
                ContentDispositionHeaderValue? disposition = section.GetContentDispositionHeader();
                string name = HeaderUtilities.RemoveQuotes(disposition?.Name ?? "").ToString();
                if (_files.Contains(name) && files.TryAdd(name, default))
                {
                    string sent = SentName(disposition!);
                    string stored = (name == "eval" ? "eval" : "train") + "." + FormatOf(sent);
                    bytes += await SaveAsync(section.Body, Path.Combine(folder, stored), bytes, cancellationToken);
                    files[name] = (stored, sent);
                }
                else if (!_fields.Contains(name) || !fields.TryAdd(name, await TextAsync(name, section.Body, cancellationToken)))
                {
                    throw ApiFailure.Malformed(
                        $"The form has a part '{ApiFailure.Shorten(name)}' that is unknown or occurs twice; parts are "
                            + $"{string.Join(", ", _fields)}, and file, or train and eval.");
                }
            }
        }
        catch (InvalidDataException broken)
        {
            throw ApiFailure.Malformed($"The body is not a valid form: {broken.Message}");
        }
        catch (IOException broken) when (!DiskSpace.IsShort(broken) && broken.HResult == new IOException().HResult
            && broken is not BadHttpRequestException)
        {
            throw ApiFailure.Malformed("The body ends within a part of the form; send it again.");
        }

        return Parts(fields, files) with { Bytes = bytes };
    }

    private static UploadParts Parts(Dictionary<string, string> fields, Dictionary<string, (string Stored, string Sent)> files)
    {
        bool whole = files.ContainsKey("file");
        if (whole ? files.Count > 1 : !files.ContainsKey("train") || !files.ContainsKey("eval"))
        {
            throw ApiFailure.Invalid("file", files.Count == 0
                ? "The form has no file; add a part 'file' with a CSV, TSV or JSONL file, or 'train' and 'eval'."
                : "The form must have either the part 'file', or both 'train' and 'eval'.");
        }

        string seed = fields.GetValueOrDefault("seed", "");
        int number = UploadParts.DefaultSeed;
        if (seed.Length > 0 && !int.TryParse(seed, NumberStyles.None, CultureInfo.InvariantCulture, out number))
        {
            throw ApiFailure.Invalid("seed", $"seed is '{ApiFailure.Shorten(seed)}'; it must be a whole number below 2,147,483,648.");
        }

        return new()
        {
            Name = fields.GetValueOrDefault("name", ""),
            Train = files[whole ? "file" : "train"],
            Eval = whole ? null : files["eval"],
            Manifest = fields.TryGetValue("manifest", out string? manifest) && manifest.Trim().Length > 0 ? Manifest(manifest) : null,
            Seed = number,
            Model = fields.GetValueOrDefault("model", "") is { Length: > 0 } model ? model : null,
        };
    }

    private static JsonObject Manifest(string text)
    {
        try
        {
            return JsonNode.Parse(text, documentOptions: new() { AllowDuplicateProperties = false, MaxDepth = 32 }) as JsonObject
                ?? throw ApiFailure.Invalid("manifest", "manifest must be a JSON object, as in dataset.json.");
        }
        catch (JsonException error)
        {
            throw ApiFailure.Invalid("manifest", $"manifest is not valid JSON: {JsonText.Problem(error)}");
        }
    }

    private static string Boundary(HttpRequest request)
    {
        string? boundary = MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type)
            ? HeaderUtilities.RemoveQuotes(type.Boundary).ToString()
            : null;
        return boundary is { Length: > 0 and <= MaximumBoundary }
            ? boundary
            : throw ApiFailure.Malformed("The body must be multipart/form-data with a boundary, as a form with a file has it.");
    }

    private static string SentName(ContentDispositionHeaderValue disposition)
    {
        string name = HeaderUtilities.RemoveQuotes(disposition.FileNameStar.HasValue ? disposition.FileNameStar : disposition.FileName)
            .ToString();
        // Only a name to show: some clients send a whole path.
        name = new string([.. name[(name.LastIndexOfAny(['/', '\\']) + 1)..].Where(letter => !char.IsControl(letter))]);
        return name.Length > 200 ? name[..200] : name;
    }

    /// <summary>The format by the extension of the file; text without a known one is read as CSV with any delimiter.</summary>
    private static string FormatOf(string sent) => Path.GetExtension(sent).ToLowerInvariant() switch
    {
        ".tsv" or ".tab" => "tsv",
        ".jsonl" or ".ndjson" => "jsonl",
        ".csv" or ".txt" or "" => "csv",
        string other => throw ApiFailure.Invalid("file", other is ".zip" or ".gz" or ".tar" or ".7z" or ".bz2" or ".xz" or ".zst" or ".rar"
            ? $"'{sent}' is an archive; unpack it, and upload its CSV, TSV or JSONL file."
            : other is ".xlsx" or ".xls" or ".ods"
            ? $"'{sent}' is a spreadsheet; save the table as CSV in UTF-8, and upload that."
            : $"'{sent}' has the extension '{ApiFailure.Shorten(other)}'; upload a .csv, .tsv or .jsonl file."),
    };

    private static async Task<string> TextAsync(string name, Stream body, CancellationToken cancellationToken)
    {
        using MemoryStream text = new();
        byte[] piece = new byte[16 * 1024];
        int read;
        while ((read = await body.ReadAsync(piece, cancellationToken)) > 0)
        {
            text.Write(piece, 0, read);
            if (text.Length > MaximumField)
            {
                throw ApiFailure.TooLarge($"The part '{name}' is larger than 1 MiB.");
            }
        }

        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(text.GetBuffer(), 0, (int)text.Length);
        }
        catch (DecoderFallbackException)
        {
            throw ApiFailure.Malformed($"The part '{name}' is not in UTF-8.");
        }
    }

    private async Task<long> SaveAsync(Stream body, string path, long before, CancellationToken cancellationToken)
    {
        await using FileStream file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        byte[] piece = new byte[1 << 18];
        long written = 0, checkedAt = 0;
        int read;
        while ((read = await body.ReadAsync(piece, cancellationToken)) > 0)
        {
            written += read;
            if (before + written > Limit)
            {
                throw ApiFailure.TooLarge(TooLarge);
            }

            if (written - checkedAt > 16 * MiB)
            {
                checkedAt = written;
                reserve.Require(0, null, Remedy, paths.DataDirectory);
            }

            await file.WriteAsync(piece.AsMemory(0, read), cancellationToken);
        }

        file.Flush(flushToDisk: true);
        return written;
    }
}
