using System.Net;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Hub;

/// <summary>Downloads single files: goes on where a broken download stopped, and lets a file land only when size and hash are right.</summary>
internal sealed class HubDownload(HubClient client, HubOptions options, HubRepository repository, string commit)
{
    /// <summary>Brings one file to its place.</summary>
    /// <param name="file">File of the repository.</param>
    /// <param name="target">Path it gets; its folder exists.</param>
    /// <param name="arrived">Receives how many bytes are there.</param>
    /// <param name="cancellationToken">Stops it; what has arrived is kept for the next time.</param>
    /// <exception cref="RunFailure">The file cannot be had, or is not what the hub says it is.</exception>
    public async Task FetchAsync(HubFile file, string target, Action<long> arrived, CancellationToken cancellationToken)
    {
        if (await HubChecksum.IsAsync(target, file, cancellationToken).ConfigureAwait(false))
        {
            arrived(file.Size);
            return;
        }

        using PartialDownload part = PartialDownload.Open(target, file);
        await HubRetry.RunAsync(options, async () => await AppendAsync(file, part, arrived, cancellationToken).ConfigureAwait(false), () => part.Stream.Length, cancellationToken).ConfigureAwait(false);
        string? hash = await HubChecksum.OfAsync(part.Stream, file, cancellationToken).ConfigureAwait(false);
        if (!HubChecksum.Matches(hash, file))
        {
            part.Discard();
            throw RunFailure.BadData($"{file.Path} of '{repository}' arrived with the checksum {hash} instead of {file.Sha256 ?? file.GitSha1}; it was thrown away, run 'pull' again.");
        }

        part.Land();
    }

    private async Task<long> AppendAsync(HubFile file, PartialDownload part, Action<long> arrived, CancellationToken cancellationToken)
    {
        if (part.Stream.Length == file.Size)
        {
            return file.Size;
        }

        using HttpResponseMessage response = await client.OpenAsync(repository, commit, file.Path, part.Stream.Length, part.Tag, cancellationToken).ConfigureAwait(false);
        long? size = Prepare(response, part);
        if (size is not null && size != file.Size)
        {
            throw WrongSize(file, part, size.Value);
        }

        arrived(part.Stream.Length);
        await CopyAsync(response, file, part, arrived, cancellationToken).ConfigureAwait(false);
        return part.Stream.Length == file.Size
            ? file.Size
            : throw new HubUnavailableException($"The connection ended after {part.Stream.Length} of {file.Size} bytes of {file.Path}");
    }

    /// <summary>Brings the part into the state that the answer continues, and returns the whole file's size where the answer says it.</summary>
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
            throw new HubUnavailableException("The server answered with another range than it was asked for");
        }

        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            part.Clear(null);
            throw new HubUnavailableException("The server has no bytes beyond those that have arrived");
        }

        // Only a strong tag may guard a range.
        part.Clear(response.Headers.ETag is { IsWeak: false } tag ? tag.Tag : null);
        return response.Content.Headers.ContentLength;
    }

    private async Task CopyAsync(HttpResponseMessage response, HubFile file, PartialDownload part, Action<long> arrived, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[1 << 16];
        using CancellationTokenSource stall = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        while (true)
        {
            int read;
            try
            {
                stall.CancelAfter(options.Stall);
                read = await body.ReadAsync(buffer, stall.Token).ConfigureAwait(false);
            }
            catch (Exception problem) when (HubClient.IsBroken(problem, cancellationToken))
            {
                throw new HubUnavailableException($"The connection broke after {part.Stream.Length} of {file.Size} bytes of {file.Path}", null, problem);
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
            arrived(part.Stream.Length);
        }
    }

    private RunFailure WrongSize(HubFile file, PartialDownload part, long size)
    {
        part.Discard();
        return RunFailure.BadData($"{file.Path} of '{repository}' is sent with {size} bytes or more, the hub's list says {file.Size}; it was thrown away, run 'pull' again.");
    }
}
