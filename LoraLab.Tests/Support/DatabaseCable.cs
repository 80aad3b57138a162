using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace LoraLab.Tests.Support;

/// <summary>
/// The way from a node to a PostgreSQL server, which can be cut: what is sent gets no answer, as when a network fails. It can also fail in
/// the moment of a commit.
/// </summary>
internal sealed class DatabaseCable : IDisposable
{
    private readonly TcpListener _listener;
    private readonly ConcurrentBag<Socket> _sockets = [];
    private readonly string _connection;
    private volatile bool _cut;
    private int _commits;
    private int _lost;

    /// <param name="connection">Connection string of the server.</param>
    /// <param name="address">Where the node finds its end of the cable; null: on this machine.</param>
    public DatabaseCable(string connection, IPAddress? address = null)
    {
        _connection = connection;
        _listener = new TcpListener(address ?? IPAddress.Loopback, 0);
        _listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>The connection string through the cable.</summary>
    public string Connection => new NpgsqlConnectionStringBuilder(_connection)
    {
        Host = ((IPEndPoint)_listener.LocalEndpoint).Address.ToString(),
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port,
        // What hangs is noticed soon.
        Timeout = 2,
        CommandTimeout = 2,
    }.ConnectionString;

    /// <summary>Each how many-th transaction of the store loses its connection in the moment of its commit; 0: none.</summary>
    public int LosesEvery { get; set; }

    /// <summary>Whether such a commit arrives, and only its answer does not.</summary>
    public bool CommitsArrive { get; set; } = true;

    /// <summary>Number of commits that were lost, or whose answers were.</summary>
    public int Lost => _lost;

    /// <summary>Ends all connections, and answers no new one.</summary>
    public void Cut()
    {
        _cut = true;
        while (_sockets.TryTake(out Socket? socket))
        {
            socket.Dispose();
        }
    }

    public void Mend() => _cut = false;

    public void Dispose()
    {
        _listener.Stop();
        Cut();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptSocketAsync();
                _sockets.Add(client);
                if (!_cut)
                {
                    _ = ConnectAsync(client);
                }
            }
        }
        catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Disposed.
        }
    }

    private async Task ConnectAsync(Socket client)
    {
        NpgsqlConnectionStringBuilder target = new(_connection);
        bool isFolder = target.Host!.StartsWith('/');
        Socket server = isFolder
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(server);
        try
        {
            await server.ConnectAsync(isFolder
                ? new UnixDomainSocketEndPoint($"{target.Host}/.s.PGSQL.{target.Port}")
                : new DnsEndPoint(target.Host, target.Port));
            TaskCompletionSource answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
            bool muted = false;
            await Task.WhenAny(
                PumpAsync(client, server, async sent =>
                {
                    if (!IsLost(sent))
                    {
                        return true;
                    }

                    Volatile.Write(ref muted, true);
                    if (CommitsArrive)
                    {
                        await server.SendAsync(sent);
                        await answered.Task;
                    }

                    return false;
                }),
                PumpAsync(server, client, _ =>
                {
                    if (Volatile.Read(ref muted))
                    {
                        answered.TrySetResult();
                        return Task.FromResult(false);
                    }

                    return Task.FromResult(true);
                }));
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            // Cut meanwhile.
        }

        client.Dispose();
        server.Dispose();
    }

    /// <summary>Whether this is a commit of the store that shall be lost; others write the word differently.</summary>
    private bool IsLost(ReadOnlyMemory<byte> sent)
    {
        bool lost = LosesEvery > 0 && sent.Span.IndexOf("commit\0"u8) >= 0 && Interlocked.Increment(ref _commits) % LosesEvery == 0;
        _lost += lost ? 1 : 0;
        return lost;
    }

    /// <summary>Carries what one side sends, until a side closes or <paramref name="goesOn"/> says that it ends before this.</summary>
    private static async Task PumpAsync(Socket from, Socket to, Func<ReadOnlyMemory<byte>, Task<bool>> goesOn)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and int read)
            {
                if (!await goesOn(buffer.AsMemory(0, read)))
                {
                    return;
                }

                for (int sent = 0; sent < read;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent));
                }
            }
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            // Cut, or one side has closed.
        }
    }
}
