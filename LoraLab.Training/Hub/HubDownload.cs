using System.Net;
using LoraLab.Contracts;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Hub;

/// <summary>Downloads single files: resumes interrupted downloads, and completes a file only if its size and checksum match.</summary>
internal sealed class HubDownload(HubClient client, HubOptions options, HubRepository repository, string commit)
{
    /// <summary>Downloads one file.</summary>
    /// <param name="file">File of the repository.</param>
    /// <param name="target">Path of the downloaded file, in an existing folder.</param>
    /// <param name="onProgress">Receives the number of bytes downloaded.</param>
    /// <param name="cancellationToken">Stops the download, which the next call resumes.</param>
    /// <exception cref="RunFailure">The file is not available, or does not match the hub's listing.</exception>
    public async Task FetchAsync(HubFile file, string target, Action<long> onProgress, CancellationToken cancellationToken)
    {
        if (await HubChecksum.IsAsync(target, file, cancellationToken).ConfigureAwait(false))
        {
            onProgress(new FileInfo(target).Length);
            return;
        }

        using PartialDownload part = PartialDownload.Open(target, file);
        await HubRetry.RunAsync(
            options,
            async () => await AppendAsync(file, part, onProgress, cancellationToken).ConfigureAwait(false),
            () => part.Stream.Length,
            cancellationToken).ConfigureAwait(false);
        string? hash = await HubChecksum.OfAsync(part.Stream, file, cancellationToken).ConfigureAwait(false);
        if (!HubChecksum.Matches(hash, file))
        {
            part.Discard();
            throw RunFailure.BadData(
                $"{file.Path} of '{repository}' has the checksum {hash} instead of {file.Sha256 ?? file.GitSha1} "
                    + "and was deleted; run 'pull' again.");
        }

        part.Complete();
    }

    private async Task<long> AppendAsync(HubFile file, PartialDownload part, Action<long> onProgress, CancellationToken cancellationToken)
    {
        if (part.Stream.Length == file.Size)
        {
            return part.Stream.Length;
        }

        using HttpResponseMessage response =
            await client.OpenAsync(repository, commit, file.Path, part.Stream.Length, part.Tag, cancellationToken).ConfigureAwait(false);
        if (file.Size is null && IsComplete(response, part))
        {
            return part.Stream.Length;
        }

        long? announced = Prepare(response, part);
        if (file.Size is not null && announced is not null && announced != file.Size)
        {
            throw WrongSize(file, part, announced.Value);
        }

        long? size = file.Size ?? announced;
        onProgress(part.Stream.Length);
        await CopyAsync(response, file, part, onProgress, cancellationToken).ConfigureAwait(false);
        // Without any size, the end of the response is the end of the file: a response in chunks that is cut is an error above.
        return size is null || part.Stream.Length == size
            ? part.Stream.Length
            : throw new HubUnavailableException($"The connection was closed after {NumberFormat.Count(part.Stream.Length)} of "
                + $"{NumberFormat.Count(size.Value)} bytes of {file.Path}");
    }

    /// <summary>Whether the server says that a file of unknown size ends where the partial download ends.</summary>
    private static bool IsComplete(HttpResponseMessage response, PartialDownload part) =>
        response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable
        && part.Stream.Length > 0 && response.Content.Headers.ContentRange?.Length == part.Stream.Length;

    /// <summary>Positions the partial download where the response continues it; returns the size of the complete file, if known.</summary>
    private static long? Prepare(HttpResponseMessage response, PartialDownload part)
    {
        if (response.StatusCode == HttpStatusCode.PartialContent)
        {
            if (response.Content.Headers.ContentRange?.From == part.Stream.Length)
            {
                part.Stream.Seek(0, SeekOrigin.End);
                return response.Content.Headers.ContentRange.Length;
            }

            part.Clear(null);
            throw new HubUnavailableException("The server returned a different byte range than requested");
        }

        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            part.Clear(null);
            throw new HubUnavailableException("The server has no bytes beyond those already downloaded");
        }

        // If-Range allows strong entity tags only.
        part.Clear(response.Headers.ETag is { IsWeak: false } tag ? tag.Tag : null);
        return response.Content.Headers.ContentLength;
    }

    private async Task CopyAsync(
        HttpResponseMessage response, HubFile file, PartialDownload part, Action<long> onProgress, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[1 << 16];
        using CancellationTokenSource stall = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        while (true)
        {
            int read;
            try
            {
                stall.CancelAfter(options.StallTimeout);
                read = await body.ReadAsync(buffer, stall.Token).ConfigureAwait(false);
            }
            catch (Exception problem) when (HubClient.IsConnectionFailure(problem, cancellationToken))
            {
                throw new HubUnavailableException(
                    $"The connection was lost after {NumberFormat.Count(part.Stream.Length)} of "
                        + $"{(file.Size is long all ? NumberFormat.Count(all) : "the")} bytes of {file.Path}",
                    null, problem);
            }

            if (read == 0)
            {
                return;
            }

            if (part.Stream.Length + read > file.Size)
            {
                throw WrongSize(file, part, part.Stream.Length + read);
            }

            await part.Stream.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
            onProgress(part.Stream.Length);
        }
    }

    private RunFailure WrongSize(HubFile file, PartialDownload part, long size)
    {
        part.Discard();
        return RunFailure.BadData(
            $"{file.Path} of '{repository}' has at least {NumberFormat.Count(size)} bytes, but the hub lists "
                + $"{NumberFormat.Count(file.Size ?? 0)}; it was deleted, run 'pull' again.");
    }
}
