# Asks for each URL with Net::HTTP, whose proxy comes from the environment. One JSON object a line, in and out.
require 'json'
require 'net/http'
require 'uri'

$stdout.sync = true
$VERBOSE = nil
base = ENV.to_hash
$stdin.each_line do |line|
  asked = JSON.parse(line)
  ENV.replace(base.merge(asked['variables']))
  error = nil
  begin
    uri = URI.parse(asked['url'])
    Net::HTTP.start(uri.hostname, uri.port,
                    use_ssl: uri.scheme == 'https', open_timeout: 3, read_timeout: 3, max_retries: 0) do |http|
      http.request_get(uri.request_uri)
    end
  rescue StandardError => e
    error = "#{e.class}: #{e.message}"
  end
  puts JSON.generate(error: error)
end
